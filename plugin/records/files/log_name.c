/* Taking a name apart: what it shares with the log's, a stamp, and endings. */

#include "records/files/log_name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Endings by which compressors are known, the common ones and those of logrotate's examples. */
static const char *const compressors[] = {".gz", ".zst", ".xz", ".bz2", ".lz4", ".lzma", ".lz",
    ".lzo", ".Z", ".z", ".br", ".zip", ".7z", ".sz", ".lrz", ".zstd", ".bz3"};
/* Endings of what others, and we, put beside a log. */
static const char *const strangers[] = {".folds", ".new", ".lock", ".ptr", ".db", ".tmp", ".swp",
    ".part", ".bak", ".old", ".orig", ".save", ".status", ".sig", ".sha256", ".md5", ".asc",
    ".minisig", ".yaml", ".conf", ".img"};

/* A piece of a name, not terminated. */
struct piece {
	const char *at;
	size_t len;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool ends_with(struct piece piece, const char *ending)
{
	size_t len = strlen(ending);

	return piece.len > len && memcmp(piece.at + piece.len - len, ending, len) == 0;
}

static size_t ending_of(struct piece piece, const char *const endings[], size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (ends_with(piece, endings[i]))
			return strlen(endings[i]);
	return 0;
}

/* Length of ".word" at the end: letters, perhaps digits, not only digits. addextension, or a
 * compressor that nobody knows. */
static size_t word_ending(struct piece piece)
{
	bool letter = false;

	for (size_t i = piece.len; i-- > 0;) {
		char c = piece.at[i];

		if (c == '.')
			return letter && piece.len - i <= 10 ? piece.len - i : 0;
		if (!is_digit(c) && !is_letter(c))
			return 0;
		letter = letter || is_letter(c);
	}
	return 0;
}

static unsigned value_of(const char *digits, size_t count)
{
	unsigned value = 0;

	for (size_t i = 0; i < count; i++)
		value = value * 10 + (unsigned)(digits[i] - '0');
	return value;
}

static bool is_year(const char *digits)
{
	unsigned year = value_of(digits, 4);

	return year >= 1970 && year <= 2099;
}

/* Month and day, or day and month, as a calendar could have them. */
static bool are_month_and_day(const char *digits)
{
	unsigned month = value_of(digits, 2), day = value_of(digits + 2, 2);

	return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

static bool are_in_either_order(const char *digits)
{
	const char turned[4] = {digits[2], digits[3], digits[0], digits[1]};

	return are_month_and_day(digits) || are_month_and_day(turned);
}

/* %s: seconds since 1970 become year to second, so that they compare with dates. */
static void convert_seconds(struct cf_log_name *name)
{
	time_t at = (time_t)strtoll(name->digits, NULL, 10);
	struct tm date;
	char text[32];

	if (gmtime_r(&at, &date) == NULL ||
	    strftime(text, sizeof text, "%Y%m%d%H%M%S", &date) != 14)
		return;
	memcpy(name->digits, text, 15);
	name->has_year = true;
}

/* Which of the digits are the year? first_run is how many stand together at the beginning. */
static void find_year(struct cf_log_name *name, size_t count, size_t first_run, size_t runs)
{
	const char *d = name->digits;

	if (count >= 8 && is_year(d + 4) && are_in_either_order(d) &&
	    (!is_year(d) || !are_month_and_day(d + 4) || first_run == 2)) {
		name->has_year = name->year_last = true;
		return;
	}
	if (count == 10 && runs == 1 &&
	    !(is_year(d) && are_month_and_day(d + 4) && value_of(d + 8, 2) < 24)) {
		convert_seconds(name);
		return;
	}
	name->has_year = count >= 6 && is_year(d);
}

/* What is between the parts of the log's own name: ".17", "-20240930", ".2024-W39". */
static bool parse_stamp(struct piece stamp, struct cf_log_name *name)
{
	size_t count = 0, runs = 0, letters = 0, first_run = 0;
	bool word = false;

	if (stamp.len == 0 || stamp.len >= CF_LOG_STAMP_BYTES)
		return false;
	for (size_t i = 0; i < stamp.len; i++) {
		char c = stamp.at[i];

		if ((unsigned char)c <= ' ' || c == '/' || c == '~')
			return false;
		letters = is_letter(c) ? letters + 1 : 0;
		word = word || letters > 1;
		if (!is_digit(c))
			continue;
		if (i == 0 || !is_digit(stamp.at[i - 1]))
			runs++;
		if (count == CF_LOG_NAME_DIGITS)
			return false;
		name->digits[count++] = c;
		if (runs == 1)
			first_run++;
	}
	name->digits[count] = '\0';
	if (stamp.at[0] == '.' && runs == 1 && count == stamp.len - 1 && count <= 9) {
		name->kind = CF_LOG_NAME_NUMBERED;
		name->number = value_of(name->digits, count);
		name->padded = count > 1 && name->digits[0] == '0';
		if (count < 6)
			return true;
	}
	name->kind = CF_LOG_NAME_DATED;
	find_year(name, count, first_run, runs);
	if (stamp.at[0] == '.' && count == stamp.len - 1 && count <= 9 && !name->has_year)
		name->kind = CF_LOG_NAME_NUMBERED; /* .123456: somebody kept everything */
	if (word)
		name->word_len = strcspn(stamp.at, "0123456789");
	/* Without a separator, or with words, only what is clearly a date. */
	if (word || is_digit(stamp.at[0]))
		return count >= 6;
	return count >= 2;
}

/* name begins with cut bytes of base: does it go on with a stamp and end as it should? */
static bool parse_cut(const char *name, const char *base, size_t cut, struct cf_log_name *parsed)
{
	const char *ext = base + cut;
	size_t ext_len = strlen(ext);
	struct piece rest = {.at = name + cut, .len = parsed->plain_len - cut};

	if (ext_len > 0) {
		/* A compressor that nobody knows may have added its letters. */
		if (!ends_with(rest, ext))
			rest.len -= word_ending(rest);
		if (!ends_with(rest, ext))
			return false;
		rest.len -= ext_len;
	} else {
		rest.len -= word_ending(rest);
	}
	parsed->cut = cut;
	return parse_stamp(rest, parsed);
}

bool cf_log_name_parse(const char *name, const char *base, struct cf_log_name *parsed_out)
{
	size_t len = strlen(name), base_len = strlen(base);
	struct piece whole = {.at = name, .len = len};
	size_t ending = ending_of(whole, compressors, sizeof compressors / sizeof compressors[0]);

	if (base_len == 0)
		return false;
	if (ending > 0 && strcmp(name, base) == 0)
		ending = 0; /* the log is itself called so */
	*parsed_out = (struct cf_log_name){
	    .kind = CF_LOG_NAME_CURRENT, .compressed = ending > 0, .plain_len = len - ending};
	if (len - ending == base_len && memcmp(name, base, base_len) == 0)
		return true;
	if (ending_of(whole, strangers, sizeof strangers / sizeof strangers[0]) > 0 &&
	    !ends_with(whole,
	        base +
	            (strrchr(base, '.') == NULL ? base_len : (size_t)(strrchr(base, '.') - base))))
		return false;
	for (size_t cut = base_len; cut > 0; cut--) {
		struct cf_log_name parsed = *parsed_out;

		if (parsed.plain_len <= cut || memcmp(name, base, cut) != 0)
			continue;
		if (parse_cut(name, base, cut, &parsed)) {
			*parsed_out = parsed;
			return true;
		}
	}
	return false;
}
