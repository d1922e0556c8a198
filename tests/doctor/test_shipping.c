/* doctor/shipping.h: each thing that a shipper's status can say, and when it is a problem. */

#include "doctor/shipping.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW INT64_C(1767571200) /* 2026-01-05T00:00:00Z */
#define GOOD \
	"{\"v\":1,\"timestamp\":\"2026-01-05T00:00:00.000000Z\",\"pid\":7,\"state\":\"running\"," \
	"\"collector\":\"https://a\",\"trouble\":\"%s\",\"shipped_seq\":41,\"behind_s\":%d," \
	"\"unshipped_bytes\":1000,\"lost\":%d,\"broken\":%d,\"refused\":%d,\"writers\":[{" \
	"\"sensor\":\"s\",\"source\":\"resolver\",\"state\":\"goes\",\"shipped_seq\":41," \
	"\"lost\":9}]}\n"

static struct cf_doctor *look(
    int64_t now_s, const char *trouble, int behind, int lost, int broken, int refused)
{
	struct cf_doctor *doctor = calloc(1, sizeof *doctor);
	char path[] = "/tmp/shipping-XXXXXX";
	int fd = mkstemp(path);
	FILE *file = fdopen(fd, "w");

	assert_non_null(doctor);
	assert_non_null(file);
	fprintf(file, GOOD, trouble, behind, lost, broken, refused);
	fclose(file);
	(void)strcpy(doctor->places.shipping, path);
	cf_doctor_look_at_shipping(doctor, now_s);
	(void)unlink(path);
	return doctor;
}

static void each_trouble_is_one_problem(void **state)
{
	static const struct {
		int64_t now_s;
		const char *trouble;
		int behind, lost, broken, refused;
		const char *says; /* NULL: no problem */
	} tries[] = {
	    {NOW, "", 0, 0, 0, 0, NULL},
	    {NOW + 59, "", 300, 0, 0, 0, NULL},
	    {NOW + 100, "", 0, 0, 0, 0, "wrote its status last 100 s ago"},
	    {NOW, "", 901, 0, 0, 0, "901 s behind"},
	    {NOW, "a: timed out", 5, 0, 0, 0, "a: timed out"},
	    {NOW, "", 0, 3, 0, 0, "3 seals were rotated away"},
	    {NOW, "", 0, 0, 2, 0, "2 segments"},
	    {NOW, "", 0, 0, 0, 1, "1 writers"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
		struct cf_doctor *doctor = look(tries[i].now_s, tries[i].trouble, tries[i].behind,
		    tries[i].lost, tries[i].broken, tries[i].refused);

		assert_true(doctor->ships);
		assert_int_equal(doctor->shipped_seq, 41);
		assert_int_equal(doctor->problem_count, tries[i].says != NULL);
		if (tries[i].says != NULL)
			assert_non_null(strstr(doctor->problems[0], tries[i].says));
		free(doctor);
	}
}

static void no_shipper_is_no_problem(void **state)
{
	struct cf_doctor *doctor = calloc(1, sizeof *doctor);

	(void)state;
	assert_non_null(doctor);
	cf_doctor_look_at_shipping(doctor, NOW);
	(void)strcpy(doctor->places.shipping, "/nonexistent");
	cf_doctor_look_at_shipping(doctor, NOW);
	assert_true(!doctor->ships && doctor->problem_count == 0);
	free(doctor);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_trouble_is_one_problem),
	    cmocka_unit_test(no_shipper_is_no_problem),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
