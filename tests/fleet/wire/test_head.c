/* fleet/wire/head.h: what is written is read, and nothing else is. */

#include "fleet/wire/head.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SHA "00000000000000000000000000000000000000000000000000000000000000ff"

static void every_reason_is_written_and_read(void **state)
{
	(void)state;
	for (int why = 0; why < CF_HEAD_WHYS; why++) {
		struct cf_fleet_head head = {.why = (enum cf_head_why)why,
		                         .seq = why == 0 ? 0 : UINT64_C(999999999999999999),
		                         .sha256 = SHA},
		                     read;
		char text[CF_HEAD_TEXT_BYTES];
		size_t len = cf_head_format(&head, text);

		assert_int_equal(cf_head_parse(text, len, &read), CF_OK);
		assert_int_equal(read.why, why);
		assert_int_equal(read.seq, head.seq);
		assert_string_equal(read.sha256, SHA);
		for (size_t cut = 0; cut < len; cut++)
			assert_int_equal(cf_head_parse(text, cut, &read), CF_EMALFORMED);
	}
}

static void anything_else_is_refused(void **state)
{
	static const char *const texts[] = {
	    "",
	    "<html>503</html>\n",
	    "{\"v\":2,\"why\":\"hole\",\"seq\":1,\"sha256\":\"" SHA "\"}\n",
	    "{\"v\":1,\"why\":\"gone\",\"seq\":1,\"sha256\":\"" SHA "\"}\n",
	    "{\"v\":1,\"why\":\"hole\",\"seq\":-1,\"sha256\":\"" SHA "\"}\n",
	    "{\"v\":1,\"why\":\"hole\",\"seq\":1,\"sha256\":\"" SHA "0\"}\n",
	    "{\"v\":1,\"why\":\"hole\",\"seq\":1,\"sha256\":\"" SHA "\"}\nmore",
	};
	struct cf_fleet_head head;

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		assert_int_equal(cf_head_parse(texts[i], strlen(texts[i]), &head), CF_EMALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_reason_is_written_and_read),
	    cmocka_unit_test(anything_else_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
