#include "records/form/identity.h"

#include "base/bytes.h"

#include <string.h>
#include <strings.h>

static const char *const end_words[] = {
    [CF_IDENTITY_EXPIRED] = "expired",
    [CF_IDENTITY_RELEASED] = "released",
    [CF_IDENTITY_DECLINED] = "declined",
    [CF_IDENTITY_REFUSED] = "refused",
    [CF_IDENTITY_REPLACED] = "replaced",
    [CF_IDENTITY_ENDED] = "ended",
};

#define END_WORDS (sizeof end_words / sizeof end_words[0])

const char *cf_identity_end_text(enum cf_identity_end end)
{
	return (size_t)end < END_WORDS ? end_words[end] : NULL;
}

enum cf_identity_end cf_identity_end_parse(const char *text, size_t len)
{
	if (len == 0)
		return CF_IDENTITY_OPEN;
	for (size_t i = CF_IDENTITY_EXPIRED; i < END_WORDS; i++)
		if (strlen(end_words[i]) == len && memcmp(end_words[i], text, len) == 0)
			return (enum cf_identity_end)i;
	return CF_IDENTITY_ENDED;
}

enum cf_identity_strength cf_identity_strength(const char *kind)
{
	static const char *const bound[] = {"arp", "dhcp", "dhcpv6", "lease", "ndp"};

	for (size_t i = 0; i < sizeof bound / sizeof bound[0]; i++)
		if (strcmp(kind, bound[i]) == 0)
			return CF_IDENTITY_BOUND;
	return CF_IDENTITY_SHOWN;
}

enum cf_identity_beginning cf_identity_beginning(const char *kind)
{
	if (strcmp(kind, "lease") == 0)
		return CF_IDENTITY_BEGUN;
	return strncmp(kind, "dhcp", 4) == 0 ? CF_IDENTITY_GRANTED : CF_IDENTITY_NOTICED;
}

bool cf_identity_is_throwaway(const char *name, size_t len)
{
	static const char local[] = ".local";

	if (len > 0 && name[len - 1] == '.')
		len--;
	if (len != 36 + sizeof local - 1 || strncasecmp(name + 36, local, sizeof local - 1) != 0)
		return false;
	for (size_t i = 0; i < 36; i++) {
		bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (is_dash ? name[i] != '-' : cf_hex_value(name[i]) < 0)
			return false;
	}
	return true;
}
