/* Sixteen bytes are looked at together (vectors of GCC and clang, on any machine), and passed over
 * when there is nothing among them. */

#include "monitor/message/head_lines.h"

#include <stdbool.h>
#include <string.h>

#define PIECE_BYTES 16U

typedef uint8_t piece __attribute__((vector_size(PIECE_BYTES)));

static inline piece load(const uint8_t *data)
{
	piece loaded;

	memcpy(&loaded, data, sizeof loaded);
	return loaded;
}

static inline bool is_any(piece found)
{
	uint64_t halves[2];

	memcpy(halves, &found, sizeof halves);
	return (halves[0] | halves[1]) != 0;
}

/* Two bytes before feed can be read. */
static inline bool is_blank_end(const uint8_t *feed)
{
	return feed[0] == '\n' && (feed[-1] == '\n' || (feed[-1] == '\r' && feed[-2] == '\n'));
}

static inline bool has_blank_end(const uint8_t *data)
{
	piece before = load(data - 1);

	return is_any((piece)((load(data) == '\n') &
	    ((before == '\n') | ((before == '\r') & (load(data - 2) == '\n')))));
}

/* Host, User-Agent, Content-Length, Content-Type, Transfer-Encoding; blanks; the head's end. */
static inline bool may_matter(uint8_t first)
{
	uint8_t lower = first | 0x20;

	return lower == 'h' || lower == 'u' || lower == 'c' || lower == 't' || first == ' ' ||
	    first == '\t' || first == '\r' || first == '\n';
}

static inline bool has_line(const uint8_t *data)
{
	piece first = load(data), lower = first | 0x20;

	return is_any((piece)((load(data - 1) == '\n') &
	    ((lower == 'h') | (lower == 'u') | (lower == 'c') | (lower == 't') | (first == ' ') |
	        (first == '\t') | (first == '\r') | (first == '\n'))));
}

size_t cf_head_lines_blank(const uint8_t *data, size_t from, size_t len)
{
	/* What stands before the first byte is no line feed. */
	for (; from < len && from < 2; from++)
		if (from == 1 && data[0] == '\n' && data[1] == '\n')
			return 2;
	while (from < len) {
		size_t end = len - from < PIECE_BYTES ? len : from + PIECE_BYTES;

		if (end - from == PIECE_BYTES && !has_blank_end(data + from)) {
			from = end;
			continue;
		}
		for (; from < end; from++)
			if (is_blank_end(data + from))
				return from + 1;
	}
	return 0;
}

size_t cf_head_lines_next(const uint8_t *data, size_t at, size_t len)
{
	if (at >= len || may_matter(data[at]))
		return at;
	at++;
	while (at < len) {
		size_t end = len - at < PIECE_BYTES ? len : at + PIECE_BYTES;

		if (end - at == PIECE_BYTES && !has_line(data + at)) {
			at = end;
			continue;
		}
		for (; at < end; at++)
			if (data[at - 1] == '\n' && may_matter(data[at]))
				return at;
	}
	return len;
}
