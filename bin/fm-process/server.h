/*
 * Records of a server's experiment folder in the full schema: one for each
 * client.
 */
#ifndef SERVER_H
#define SERVER_H

#include "folder.h"
#include "parse.h"

void server_records(struct parse *ps, const struct folder *f);

#endif
