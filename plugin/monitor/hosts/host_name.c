#include "monitor/hosts/host_name.h"

#include "records/form/identity.h"

#include <string.h>

/* Bytes of the UTF-8 character at the beginning, of two to four; 0: it is none. */
static size_t utf8_length(const uint8_t *bytes, size_t len)
{
	size_t length = 2u + (bytes[0] >= 0xe0) + (bytes[0] >= 0xf0);

	/* c0, c1: too long for what they say; above f4: beyond Unicode. */
	if (bytes[0] < 0xc2 || bytes[0] > 0xf4 || length > len)
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
	/* Overlong forms, surrogates, beyond U+10FFFF, and control characters U+0080 to U+009F. */
	if ((bytes[0] == 0xe0 && bytes[1] < 0xa0) || (bytes[0] == 0xed && bytes[1] > 0x9f) ||
	    (bytes[0] == 0xf0 && bytes[1] < 0x90) || (bytes[0] == 0xf4 && bytes[1] > 0x8f) ||
	    (bytes[0] == 0xc2 && bytes[1] < 0xa0))
		return 0;
	return length;
}

void cf_host_name_copy(char name[CF_HOST_NAME_BYTES], struct cf_slice from)
{
	size_t at = 0;

	/* Some clients count a terminating zero or padding into their name. */
	while (from.len > 0 &&
	    (from.data[from.len - 1] == 0 || from.data[from.len - 1] == ' ' ||
	        from.data[from.len - 1] == '.'))
		from.len--;
	if (cf_identity_is_throwaway((const char *)from.data, from.len))
		from.len = 0;
	for (size_t i = 0; i < from.len;) {
		size_t length = from.data[i] < 0x80 ? 1 : utf8_length(from.data + i, from.len - i);
		bool is_good = length > 1 || (from.data[i] >= 0x20 && from.data[i] < 0x7f);

		if (length == 0)
			length = 1;
		if (at + length > CF_HOST_NAME_BYTES - 1)
			break;
		if (is_good)
			memcpy(name + at, from.data + i, length);
		else
			name[at] = '?';
		at += length;
		i += length;
	}
	name[at] = '\0';
}
