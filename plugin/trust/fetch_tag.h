/* The ETag among the headers of an answer (RFC 9110 8.8.3). Pure; any thread. */
#pragma once

#include <stddef.h>

/* An ETag as it came, terminator included; longer ones are not kept. */
#define CF_FETCH_TAG_BYTES 256

/*
 * One header line of len bytes, its end included. A status line empties tag: what came before was
 * another answer's, a redirect's. An ETag replaces it, unless it is too long or holds a control
 * character, which could become a header of its own when it is sent back.
 */
void cf_fetch_take_tag(const char *line, size_t len, char tag[CF_FETCH_TAG_BYTES]);
