/* Sums are the same however they come: many of one subject, new or there already, in any order. */

#include "facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HOSTS 4
#define RULES 40 /* of each host, several times what is looked through one by one */
#define DAYS  3

/* The n'th of all hits; each host asks for every rule on every day, four times. */
static void add_hit(struct box *box, unsigned n)
{
	char addr[32], rule[32];
	unsigned host = n % HOSTS, which = n / HOSTS % RULES, day = n / HOSTS / RULES % DAYS,
	         turn = n / HOSTS / RULES / DAYS;

	snprintf(addr, sizeof addr, "10.0.0.%u", host + 1);
	snprintf(rule, sizeof rule, "rule-%u.example", which);
	struct cf_fact fact =
	    a_query("edge", addr, T0_S + day * DAY + which * MINUTE + turn * HOUR);

	fact.rule = text_of(rule);
	box_add(box, &fact);
}

/* Every hit once, beginning at first and stepping by step, which has no factor of their number;
 * committed as often as told. */
static char *content_of(unsigned first, unsigned step, unsigned commits)
{
	const unsigned count = HOSTS * RULES * DAYS * 4;
	struct box box;

	box_open(&box);
	for (unsigned i = 0; i < count; i++) {
		add_hit(&box, (first + i * step) % count);
		if (i % (count / commits) == 0)
			box_commit(&box);
	}
	box_commit(&box);
	char *content = box_dump(&box);

	box_close(&box);
	return content;
}

static unsigned lines_with(const char *content, const char *text)
{
	unsigned lines = 0;

	for (const char *at = content; (at = strstr(at, text)) != NULL; at++)
		lines++;
	return lines;
}

static void the_order_and_the_commits_are_nothing(void **state)
{
	(void)state;
	static const struct {
		unsigned first, step, commits;
	} ways[] = {{7, 1, 1}, {0, 1, 2}, {100, 1, 5}, {3, 7, 1}, {11, 101, 3}, {1, 1919, 8}};
	char *content = content_of(0, 1, 1);

	assert_int_equal(lines_with(content, "rollup\t"), HOSTS * RULES * DAYS);
	/* four of each: one of every turn */
	assert_int_equal(lines_with(content, "\t4\t"), HOSTS * RULES * DAYS);
	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
		char *other = content_of(ways[i].first, ways[i].step, ways[i].commits);

		assert_string_equal(other, content);
		free(other);
	}
	free(content);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(the_order_and_the_commits_are_nothing)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
