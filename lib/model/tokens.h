/*
 * Which token ids a timed run may draw: the vocabulary without its special
 * tokens, which are padding, separators and the like and are treated
 * differently by some models.
 */
#ifndef FM_TOKENS_H
#define FM_TOKENS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The ids of [0, vocab) that are not in `special` (any order, repetitions and
 * ids outside allowed; it is sorted), as the fill {"tokens":[[lo,hi],...]}.
 * All of them if nothing would be left. New reference.
 */
json_t *fm_tokens_fill(int64_t vocab, int64_t *special, size_t n);

/*
 * The special tokens that a folder's tokenizer files name, else its config:
 * tokenizer.json, tokenizer_config.json, special_tokens_map.json with a
 * vocabulary; the config's own *_token_id count always. A file that is not
 * there or not understood says nothing. New reference to a fill.
 */
json_t *fm_tokens_of_folder(
    const char *folder, const json_t *config, int64_t vocab);

#endif
