/* Mnemonics of the record types that people write in policies and meet in logs. */

#include "names/rrtype.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* IANA, "Resource Record (RR) TYPEs"; those in use, in order of number. */
static const struct {
	uint16_t type;
	char text[CF_RRTYPE_TEXT_BYTES];
} types[] = {
    {1, "A"},
    {2, "NS"},
    {5, "CNAME"},
    {6, "SOA"},
    {10, "NULL"},
    {12, "PTR"},
    {13, "HINFO"},
    {15, "MX"},
    {16, "TXT"},
    {17, "RP"},
    {18, "AFSDB"},
    {24, "SIG"},
    {25, "KEY"},
    {28, "AAAA"},
    {29, "LOC"},
    {33, "SRV"},
    {35, "NAPTR"},
    {36, "KX"},
    {37, "CERT"},
    {39, "DNAME"},
    {41, "OPT"},
    {42, "APL"},
    {43, "DS"},
    {44, "SSHFP"},
    {45, "IPSECKEY"},
    {46, "RRSIG"},
    {47, "NSEC"},
    {48, "DNSKEY"},
    {49, "DHCID"},
    {50, "NSEC3"},
    {51, "NSEC3PARAM"},
    {52, "TLSA"},
    {53, "SMIMEA"},
    {55, "HIP"},
    {59, "CDS"},
    {60, "CDNSKEY"},
    {61, "OPENPGPKEY"},
    {62, "CSYNC"},
    {63, "ZONEMD"},
    {64, "SVCB"},
    {65, "HTTPS"},
    {99, "SPF"},
    {108, "EUI48"},
    {109, "EUI64"},
    {249, "TKEY"},
    {250, "TSIG"},
    {251, "IXFR"},
    {252, "AXFR"},
    {255, "ANY"},
    {256, "URI"},
    {257, "CAA"},
};

static bool parse_number(const char *digits, uint16_t *type_out)
{
	uint32_t value = 0;

	if (*digits == '\0' || strspn(digits, "0123456789") != strlen(digits) || strlen(digits) > 5)
		return false;
	for (; *digits != '\0'; digits++)
		value = value * 10 + (uint32_t)(*digits - '0');
	if (value > UINT16_MAX)
		return false;
	*type_out = (uint16_t)value;
	return true;
}

bool cf_rrtype_parse(const char *text, uint16_t *type_out)
{
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		if (strcasecmp(types[i].text, text) == 0) {
			*type_out = types[i].type;
			return true;
		}
	}
	return strncasecmp(text, "TYPE", 4) == 0 && parse_number(text + 4, type_out);
}

const char *cf_rrtype_format(uint16_t type, char text[CF_RRTYPE_TEXT_BYTES])
{
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		if (types[i].type == type) {
			memcpy(text, types[i].text, CF_RRTYPE_TEXT_BYTES);
			return text;
		}
	}
	snprintf(text, CF_RRTYPE_TEXT_BYTES, "TYPE%u", type);
	return text;
}
