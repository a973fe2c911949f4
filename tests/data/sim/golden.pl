#!/usr/bin/perl
# Runs fm-backend-sim on a case of UPMEM's tool and compares everything that
# tool said of it: golden.pl BACKEND DATA CASE.json. Prints what differs by
# more than 1e-9 of the wanted value; the exit status says whether any does.
use strict;
use warnings;
use JSON::PP;
use IPC::Open2;
use File::Temp qw(tempdir);

my ($backend, $data, $case) = @ARGV;
my $T = tempdir(CLEANUP => 1);
my $json = JSON::PP->new->canonical;
my $bad = 0;

sub slurp { local $/; open my $f, '<', $_[0] or die "$_[0]: $!\n"; <$f> }
sub spill { open my $f, '>', $_[0] or die "$_[0]: $!\n"; print $f $_[1]; close $f }
sub differs {
	my ($what, $got, $want) = @_;
	$want //= 0;
	my $d = abs($got - $want);
	return if $d <= 1e-9 * abs($want) || ($want == 0 && $d < 1e-30);
	print "$what: got $got, wanted $want\n";
	$bad++;
}

# --- the model and the sizes that belong to a name ---
my $g = $json->decode(slurp($case));
my %llama = (model_type => 'llama', architectures => ['LlamaForCausalLM'],
    hidden_size => 4096, intermediate_size => 11008, num_attention_heads => 32,
    num_hidden_layers => 32, vocab_size => 32000);
my ($model, $in, $out) = ("$T/config.json", 64, 64);
for ($g->{name}) {
	if (/^nn_example/) { ($model, $in, $out) = ("$data/nn_example.yaml", 1, 1) }
	elsif (/^unit_layers/) { ($model, $in, $out) = ("$data/unit_layers.yaml", 1, 1) }
	elsif (/^llama2_7b_p(\d+)_total(\d+)/) { ($in, $out) = ($1 + 0, $2 - $1) }
	elsif (/^llama(?:7b|_gqa)_2layers/) { $out = 6; $llama{num_hidden_layers} = 2 }
	elsif (/^tinyllama/) {
		($in, $out) = (5, 59);
		@llama{qw(hidden_size intermediate_size num_attention_heads num_hidden_layers)} = (16, 64, 4, 2);
	} elsif (/^mixtral/) {
		($in, $out) = (8, 4);
		%llama = (model_type => 'mixtral', hidden_size => 256,
		    intermediate_size => 512, num_attention_heads => 8,
		    num_hidden_layers => 2, vocab_size => 1000,
		    num_local_experts => 8, num_experts_per_tok => 2);
	} else { die "no model for $_\n" }
	$llama{num_key_value_heads} = 8 if /gqa/;
}
spill("$T/config.json", $json->encode(\%llama));
spill("$T/mapping.yaml", join '', map { "$_: $g->{mapping}{$_}\n" } sort keys %{$g->{mapping}});

# --- run ---
my %o = (compat => 'upmem', layers => 'true', report => 'upmem', mapping => "$T/mapping.yaml",
    extra_archs => "$data/extra_arch.yaml",
    data_type => $g->{options}{sim_data_type} =~ s/.*\.//r,
    num_key_value_heads => $g->{options}{sim_num_key_value_heads},
    sliding_window => $g->{options}{sim_sliding_window});
$o{attention} = 'eager' if $g->{name} =~ /eager/;
$o{moe_end} = $g->{moe_end} if $g->{moe_end};
my @ask = ({ op => 'open', model => { kind => 'config', path => $model }, options => \%o },
    { op => 'run', input => $in, output => $out, batch => $g->{batch_size}, reps => 1 });
open STDERR, '>', '/dev/null';
my $pid = open2(my $from, my $to, $backend);
print $to map { $json->encode($_) . "\n" } @ask;
close $to;
my ($sim, @log, @report, $head);
while (<$from>) {
	chomp;
	die "$_\n" if /^FMWORK ERR/;
	$sim = $json->decode($1) if /^FMWORK SIM \d+ \d+ \d+ (.*)/;
	next unless s/^FMWORK SAY // && !/^mapping '/;
	my @f = split /\t/, $_, -1;
	if (/^start_ns\t/) { $head = \@f }
	elsif (@f > 5) { push @log, { map { $head->[$_] => $f[$_] } 0 .. $#f } }
	else { push @report, $_ }
}
waitpid $pid, 0;
die "no SIM line\n" unless $sim;

# --- totals ---
differs('sum_ms', $sim->{sum_ms}, $g->{sum_ns} / 1e6);
differs('gen_ms', $sim->{gen_ms}, $g->{gen_ns} / 1e6);
differs('tokens', $sim->{tokens}, $g->{gen_tokens});
differs('tokens_per_s', $sim->{tokens_per_s}, $g->{tokens_per_s});
for my $ph ('sum', 'gen') {
	differs("${ph}_mj", $sim->{"${ph}_mj"}, $g->{"${ph}_energy_mJ"});
	differs("${ph}_w", $sim->{"${ph}_w"}, $g->{"${ph}_power_W"})
	    if defined $g->{"${ph}_power_W"};
	my $p = $sim->{parts}{$ph};
	my %keys = map { $_ => 1 } keys %{$p->{ms}}, keys %{$g->{"${ph}_perf_ns"}};
	differs("$ph $_ ns", ($p->{ms}{$_} // 0) * 1e6, $g->{"${ph}_perf_ns"}{$_}) for sort keys %keys;
	%keys = map { $_ => 1 } keys %{$p->{mj}}, keys %{$g->{"${ph}_energy_pJ"}};
	differs("$ph $_ pJ", ($p->{mj}{$_} // 0) * 1e9, $g->{"${ph}_energy_pJ"}{$_}) for sort keys %keys;
	differs("$ph $_ bytes", $p->{"${_}_mb"} * 1e6, $g->{"${ph}_transfer_bytes"}{$_})
	    for 'host_to_device', 'device_to_host';
}
differs('mj_per_token', $sim->{mj_per_token}, $g->{gen_mJ_per_token}) if $g->{gen_mJ_per_token};

# --- operations, one by one (the first ones, where the log was cut) ---
my @want = @{$g->{log} // []};
for my $i (0 .. $#want) {
	my ($w, $l) = ($want[$i], $log[$i]);
	my $what = "op $i $w->{context}";
	my $shape = join 'x', @{$w->{input}};
	print "$what: input $l->{input}, wanted $shape\n" and $bad++ if $l->{input} ne $shape;
	print "$what: phase\n" and $bad++ if ($l->{phase} eq 'sum') != $w->{sum};
	differs("$what start", $l->{start_ns}, $w->{start_ms} * 1e6);
	differs("$what ns", $l->{ns}, $w->{ns});
	differs("$what $_", $l->{"${_}_ns"}, $w->{perf_ns}{$_})
	    for 'compute', 'mem_transfer', 'kv_load', 'host_to_device', 'device_to_host';
	differs("$what $_ pJ", $l->{"${_}_pj"}, $w->{energy_pJ}{$_})
	    for 'compute', 'main_mem', 'host_to_device', 'device_to_host';
	differs("$what h2d", $l->{h2d_bytes}, $w->{bytes}{host_to_device});
	differs("$what d2h", $l->{d2h_bytes}, $w->{bytes}{device_to_host});
}

# --- the report: words equal, numbers close, energies in any order ---
sub plain { $_[0] =~ s/-?\d[\d.]*(?:e[+-]?\d+)?/#/gr }
sub by_section {
	my ($n, %s) = (0);
	for (@_) {
		$n++ if /^(SUMM|GENER|Exec|##)/;
		push @{$s{$n}}, $_;
	}
	map { sort { plain($a) cmp plain($b) } @{$s{$_}} } sort { $a <=> $b } keys %s;
}
my @got = by_section(@report);
@want = by_section(@{$g->{stdout_report}});
print "report has @{[scalar @got]} lines, not @{[scalar @want]}\n" and $bad++ if @got != @want;
for my $i (0 .. $#want) {
	my ($a, $b) = ($got[$i] // '', $want[$i]);
	print "report: '$a', wanted '$b'\n" and $bad++ if plain($a) ne plain($b);
	my @a = $a =~ /-?\d[\d.]*(?:e[+-]?\d+)?/g;
	my @b = $b =~ /-?\d[\d.]*(?:e[+-]?\d+)?/g;
	differs("report: $b", $a[$_] // 0, $b[$_]) for 0 .. $#b;
}
exit($bad > 0);
