/* RFC 3339 instants and short durations; the proleptic Gregorian calendar in integers. */

#include "base/instant.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Days since 1970-01-01; Howard Hinnant, "chrono-compatible low-level date algorithms". */
static int64_t days_from_civil(int64_t year, unsigned month, unsigned day)
{
	int64_t era;
	unsigned year_of_era, day_of_year, day_of_era;

	year -= month <= 2;
	era = year / 400;
	year_of_era = (unsigned)(year - era * 400);
	day_of_year = (153 * (month + (month > 2 ? -3U : 9U)) + 2) / 5 + day - 1;
	day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return era * 146097 + (int64_t)day_of_era - 719468;
}

static void civil_from_days(int64_t days, int64_t *year_out, unsigned *month_out, unsigned *day_out)
{
	int64_t era;
	unsigned day_of_era, year_of_era, day_of_year, shifted;

	days += 719468;
	era = (days >= 0 ? days : days - 146096) / 146097;
	day_of_era = (unsigned)(days - era * 146097);
	year_of_era =
	    (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	shifted = (5 * day_of_year + 2) / 153;
	*day_out = day_of_year - (153 * shifted + 2) / 5 + 1;
	*month_out = shifted < 10 ? shifted + 3 : shifted - 9;
	*year_out = (int64_t)year_of_era + era * 400 + (*month_out <= 2);
}

/* Division that rounds down, also below zero; no step of it overflows for a positive divisor. */
static int64_t divide_down(int64_t number, int64_t divisor)
{
	return number / divisor - (number % divisor < 0);
}

/* What divide_down() leaves: from 0 to divisor - 1. */
static unsigned rest_down(int64_t number, int64_t divisor)
{
	int64_t rest = number % divisor;

	return (unsigned)(rest < 0 ? rest + divisor : rest);
}

static unsigned days_in_month(unsigned year, unsigned month)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (unsigned)(month == 2 && leap);
}

/* Reads exactly digits decimal digits, stepping *at over them; false when there are fewer. */
static bool read_number(const char **at, unsigned digits, unsigned *value_out)
{
	unsigned value = 0;

	for (unsigned i = 0; i < digits; i++, (*at)++) {
		if (!isdigit((unsigned char)**at))
			return false;
		value = value * 10 + (unsigned)(**at - '0');
	}
	*value_out = value;
	return true;
}

static bool read_char(const char **at, char wanted)
{
	if (**at != wanted)
		return false;
	(*at)++;
	return true;
}

/* Microseconds of an optional ".fraction". */
static bool read_fraction(const char **at, int64_t *us_out)
{
	int64_t us = 0, unit = 100000;

	*us_out = 0;
	if (**at != '.')
		return true;
	(*at)++;
	if (!isdigit((unsigned char)**at))
		return false;
	for (; isdigit((unsigned char)**at); (*at)++, unit /= 10)
		us += unit * (**at - '0');
	*us_out = us;
	return true;
}

static enum cf_status read_offset(const char **at, int64_t *offset_s_out)
{
	unsigned hours, minutes;
	int sign;

	if (**at == '\0')
		return CF_EINVALID;
	if (read_char(at, 'Z') || read_char(at, 'z')) {
		*offset_s_out = 0;
		return CF_OK;
	}
	if (**at != '+' && **at != '-')
		return CF_EMALFORMED;
	sign = **at == '-' ? -1 : 1;
	(*at)++;
	if (!read_number(at, 2, &hours) || !read_char(at, ':') || !read_number(at, 2, &minutes) ||
	    hours > 23 || minutes > 59)
		return CF_EMALFORMED;
	*offset_s_out = sign * (int64_t)(hours * 3600 + minutes * 60);
	return CF_OK;
}

enum cf_status cf_instant_parse_us(const char *text, int64_t *wall_us_out)
{
	unsigned year, month, day, hour, minute, second;
	int64_t us, offset_s = 0, wall_s;
	const char *at = text;
	enum cf_status status;

	if (!read_number(&at, 4, &year) || !read_char(&at, '-') || !read_number(&at, 2, &month) ||
	    !read_char(&at, '-') || !read_number(&at, 2, &day))
		return CF_EMALFORMED;
	if (!read_char(&at, 'T') && !read_char(&at, 't') && !read_char(&at, ' '))
		return CF_EMALFORMED;
	if (!read_number(&at, 2, &hour) || !read_char(&at, ':') || !read_number(&at, 2, &minute) ||
	    !read_char(&at, ':') || !read_number(&at, 2, &second) || !read_fraction(&at, &us))
		return CF_EMALFORMED;
	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) ||
	    hour > 23 || minute > 59 || second > 59)
		return CF_EMALFORMED;
	status = read_offset(&at, &offset_s);
	if (status != CF_OK)
		return status;
	if (*at != '\0')
		return CF_EMALFORMED;
	wall_s = days_from_civil(year, month, day) * 86400 + (int64_t)hour * 3600 +
	    (int64_t)minute * 60 + second - offset_s;
	*wall_us_out = wall_s * 1000000 + us;
	return CF_OK;
}

enum cf_status cf_instant_parse(const char *text, int64_t *wall_s_out)
{
	int64_t wall_us;
	enum cf_status status = cf_instant_parse_us(text, &wall_us);

	if (status == CF_OK)
		*wall_s_out = divide_down(wall_us, 1000000);
	return status;
}

/* The first and last second that have a year of four digits. */
#define FIRST_WALL_S INT64_C(-62167219200)
#define LAST_WALL_S  INT64_C(253402300799)

/* Writes digits decimal digits and what follows them; a line of the hit log has three instants, and
 * printf takes longer for them than the rest of the line. */
static char *put_number(char *at, unsigned value, unsigned digits, char behind)
{
	for (unsigned i = digits; i > 0; i--, value /= 10)
		at[i - 1] = (char)('0' + value % 10);
	at[digits] = behind;
	return at + digits + 1;
}

/* "YYYY-MM-DDTHH:MM:SS" and the character behind it; returns the place after that. */
static char *format_seconds(int64_t wall_s, char *at, char behind)
{
	int64_t days, year;
	unsigned rest, month, day;

	if (wall_s < FIRST_WALL_S)
		wall_s = FIRST_WALL_S;
	if (wall_s > LAST_WALL_S)
		wall_s = LAST_WALL_S;
	days = divide_down(wall_s, 86400);
	rest = rest_down(wall_s, 86400);
	civil_from_days(days, &year, &month, &day);
	at = put_number(at, (unsigned)(year % 10000), 4, '-');
	at = put_number(at, month, 2, '-');
	at = put_number(at, day, 2, 'T');
	at = put_number(at, rest / 3600, 2, ':');
	at = put_number(at, rest / 60 % 60, 2, ':');
	return put_number(at, rest % 60, 2, behind);
}

const char *cf_instant_format(int64_t wall_s, char text[CF_INSTANT_TEXT_BYTES])
{
	*format_seconds(wall_s, text, 'Z') = '\0'; /* 20 characters of 32 */
	return text;
}

const char *cf_instant_format_us(int64_t wall_us, char text[CF_INSTANT_TEXT_BYTES])
{
	char *at = format_seconds(divide_down(wall_us, 1000000), text, '.');

	*put_number(at, rest_down(wall_us, 1000000), 6, 'Z') = '\0'; /* 27 of 32 */
	return text;
}

enum cf_status cf_duration_parse(const char *text, int64_t *duration_s_out)
{
	int64_t value = 0, unit = 1;
	const char *at = text;

	if (!isdigit((unsigned char)*at))
		return CF_EMALFORMED;
	for (; isdigit((unsigned char)*at); at++) {
		value = value * 10 + (*at - '0');
		if (value > 1000000000)
			return CF_EMALFORMED;
	}
	switch (*at) {
	case '\0':
		break;
	case 's':
		at++;
		break;
	case 'm':
		unit = 60;
		at++;
		break;
	case 'h':
		unit = 3600;
		at++;
		break;
	case 'd':
		unit = 86400;
		at++;
		break;
	default:
		return CF_EMALFORMED;
	}
	if (*at != '\0')
		return CF_EMALFORMED;
	*duration_s_out = value * unit;
	return CF_OK;
}

int64_t cf_instant_of_serial(const char *serial)
{
	char text[CF_INSTANT_TEXT_BYTES];
	int64_t wall_s;

	if (strspn(serial, "0123456789") < 8 || strlen(serial) > 12)
		return 0;
	(void)snprintf(
	    text, sizeof text, "%.4s-%.2s-%.2sT00:00:00Z", serial, serial + 4, serial + 6);
	return cf_instant_parse(text, &wall_s) == CF_OK ? wall_s : 0;
}
