/*
 * A model that the torch backend has found, in a script or in a file of
 * PyTorch's, and what became of its exports. The build's stage `export` puts
 * one of them into the cache.
 */
#ifndef FOUND_H
#define FOUND_H

#include <jansson.h>

struct found {
	json_t *facts;    /* as the backend told of it (FOUND) */
	const char *name; /* SCRIPT_HASH: of its build, and in the log */
	const char *dir;  /* below it a folder for each format */
	json_t *exports;  /* format: {status, seconds, text}, as far as made */
};

/* "model.onnx" or "model.pt2"; `native` is for the torch backend. */
static inline const char *
found_format(bool native)
{
	return native ? "pt2" : "onnx";
}

#endif
