/* libidn2, asked only when there is something beyond ASCII. */

#include "compile/pack/idn.h"

#include "base/diag.h"

#include <idn2.h>
#include <string.h>

static enum cf_status parse_ascii(
    const char *ascii, const char *text, struct cf_name *name_out, struct cf_error *error)
{
	char quoted[128];

	if (ascii[0] != '\0' && cf_name_from_text(ascii, strlen(ascii), name_out) == CF_OK)
		return CF_OK;
	return cf_error_set(error, CF_EMALFORMED,
	    "%s is not a domain name (labels of 1 to 63 characters, 253 in all)",
	    cf_quote(text, strlen(text), quoted, sizeof quoted));
}

enum cf_status cf_idn_parse(const char *text, struct cf_name *name_out, struct cf_error *error)
{
	char quoted[128], *ascii = NULL;
	bool is_ascii = true;
	enum cf_status status;
	int result;

	for (const char *at = text; *at != '\0'; at++)
		is_ascii = is_ascii && (unsigned char)*at < 0x80;
	if (is_ascii)
		return parse_ascii(text, text, name_out, error);
	result = idn2_to_ascii_8z(text, &ascii, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
	if (result == IDN2_MALLOC)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	if (result != IDN2_OK)
		return cf_error_set(error, CF_EMALFORMED, "%s is not a domain name: %s",
		    cf_quote(text, strlen(text), quoted, sizeof quoted), idn2_strerror(result));
	status = parse_ascii(ascii, text, name_out, error);
	idn2_free(ascii);
	return status;
}
