#include "ledger/minutes/coverage_lack.h"

static void note_stretch(
    struct cf_coverage_lack *lack, uint32_t from, uint32_t to, uint32_t tolerance_minutes)
{
	if (to <= from || to - from <= tolerance_minutes)
		return;
	lack->stretches++;
	lack->lacking_minutes += to - from;
	if (to - from > lack->to_minute - lack->from_minute) {
		lack->from_minute = from;
		lack->to_minute = to;
	}
}

struct cf_coverage_lack cf_coverage_find_lack(struct cf_coverage *coverage, uint32_t set,
    uint32_t from_minute, uint32_t to_minute, uint32_t tolerance_minutes, uint32_t lag_minutes)
{
	struct cf_coverage_lack lack = {0};
	const struct cf_span *spans = NULL;
	size_t count = cf_coverage_set_spans(coverage, set, &spans);
	uint32_t at = from_minute; /* known up to here */

	for (size_t i = 0; i < count && spans[i].from_minute < to_minute; i++) {
		uint32_t begin = spans[i].from_minute > at ? spans[i].from_minute : at;
		uint32_t end = spans[i].to_minute < to_minute ? spans[i].to_minute : to_minute;

		if (end <= at)
			continue;
		note_stretch(&lack, at, begin, tolerance_minutes);
		lack.watched_minutes += end - begin;
		at = end;
	}
	/* Logs arrive late: the end is not known to be lacking before the lag is over. */
	if (at < to_minute && (lack.watched_minutes == 0 || to_minute - at > lag_minutes))
		note_stretch(&lack, at, to_minute, tolerance_minutes);
	return lack;
}
