/* Response codes as words. */

#include "records/form/dns_words.h"

#include <stdio.h>
#include <string.h>

/* IANA, "DNS RCODEs". */
static const struct {
	uint16_t number;
	char text[CF_DNS_WORD_BYTES];
} rcodes[] = {
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

const char *cf_rcode_text(uint16_t rcode, char text[CF_DNS_WORD_BYTES])
{
	for (size_t i = 0; i < sizeof rcodes / sizeof rcodes[0]; i++) {
		if (rcodes[i].number == rcode) {
			memcpy(text, rcodes[i].text, CF_DNS_WORD_BYTES);
			return text;
		}
	}
	snprintf(text, CF_DNS_WORD_BYTES, "RCODE%u", (unsigned)rcode);
	return text;
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
