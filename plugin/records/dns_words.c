/* Query types and response codes as words. */

#include "records/dns_words.h"

#include <stdio.h>
#include <string.h>

struct number_word {
	uint16_t number;
	char text[12];
};

static const struct number_word qtypes[] = {
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

static const struct number_word rcodes[] = {
    {0, "NOERROR"},
    {1, "FORMERR"},
    {2, "SERVFAIL"},
    {3, "NXDOMAIN"},
    {4, "NOTIMP"},
    {5, "REFUSED"},
    {6, "YXDOMAIN"},
    {7, "YXRRSET"},
    {8, "NXRRSET"},
    {9, "NOTAUTH"},
    {10, "NOTZONE"},
    {16, "BADVERS"},
    {17, "BADKEY"},
    {18, "BADTIME"},
    {19, "BADMODE"},
    {20, "BADNAME"},
    {21, "BADALG"},
    {22, "BADTRUNC"},
    {23, "BADCOOKIE"},
};

static const char *number_text(const struct number_word *words, size_t count, uint16_t number,
    const char *prefix, char text[CF_DNS_WORD_BYTES])
{
	for (size_t i = 0; i < count; i++)
		if (words[i].number == number) {
			memcpy(text, words[i].text, CF_DNS_WORD_BYTES);
			return text;
		}
	snprintf(text, CF_DNS_WORD_BYTES, "%.5s%u", prefix, (unsigned)number);
	return text;
}

const char *cf_qtype_text(uint16_t qtype, char text[CF_DNS_WORD_BYTES])
{
	return number_text(qtypes, sizeof qtypes / sizeof qtypes[0], qtype, "TYPE", text);
}

const char *cf_rcode_text(uint16_t rcode, char text[CF_DNS_WORD_BYTES])
{
	return number_text(rcodes, sizeof rcodes / sizeof rcodes[0], rcode, "RCODE", text);
}

int cf_rcode_number(const char *text, size_t len)
{
	int number = 0;

	for (size_t i = 0; i < sizeof rcodes / sizeof rcodes[0]; i++)
		if (strlen(rcodes[i].text) == len && memcmp(rcodes[i].text, text, len) == 0)
			return rcodes[i].number;
	if (len < 6 || len > 9 || memcmp(text, "RCODE", 5) != 0)
		return -1;
	for (size_t i = 5; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		number = number * 10 + (text[i] - '0');
	}
	return number <= 4095 ? number : -1;
}
