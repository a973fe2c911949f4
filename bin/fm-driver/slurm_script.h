/*
 * The script that Slurm runs for every task of an array.
 */
#ifndef SLURM_SCRIPT_H
#define SLURM_SCRIPT_H

struct fm_buf;
struct slurm;

void slurm_script_put(struct fm_buf *b, const struct slurm *s);

#endif
