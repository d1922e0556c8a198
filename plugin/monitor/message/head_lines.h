/*
 * Lines of an HTTP head found many bytes at a time: one may consist of thousands of lines of two
 * bytes, of which none says anything.
 *
 * Pure functions; any thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * Where the first empty line ends whose line feed lies at from or behind it; 0 when there is none.
 * An empty line is a feed behind a feed, perhaps with a carriage return between (RFC 9112 2.2).
 */
size_t cf_head_lines_blank(const uint8_t *data, size_t from, size_t len);

/*
 * The first line at or behind the beginning of a line at, that may be a field which is read: which
 * begins with one of their letters, is folded, or is empty. len when there is none.
 */
size_t cf_head_lines_next(const uint8_t *data, size_t at, size_t len);
