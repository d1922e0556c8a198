/* Sums are the same however they come: many of one subject, new or there already, in any order. */

#include "facts.h"
#include "ledger/sqlite/sqlite_ledger.h"

#include <setjmp.h>
#include <sqlite3.h>
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

/* What a dump of the two tables is: rows in the order of what their numbers stand for. */
static const char *const dump_sql[] = {
    "SELECT 'rollup', r.day, s.name, s.source, e.addr, e.mac, e.vlan, u.list, u.rule, u.rule_type,"
    " u.category, u.product, u.confidence, k.event, k.action, k.via, k.flags, k.relay, k.owner,"
    " k.phase, k.cutoff_s, r.n, r.first_us, r.last_us, r.bytes_out, r.bytes_in, r.sample,"
    " hex(r.minutes) FROM rollup r JOIN sensor s USING(sensor_id) JOIN endpoint e "
    "USING(endpoint_id)"
    " JOIN kind k USING(kind_id) JOIN rule u USING(rule_id)"
    " ORDER BY 2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21",
    "SELECT 'sighting', d.day, s.name, s.source, c.addr, c.mac, c.name, c.client, c.vlan, c.how,"
    " c.router, d.first_minute, d.last_minute, hex(d.minutes), hex(d.held) FROM sighting d"
    " JOIN sensor s USING(sensor_id) JOIN claim c USING(claim_id) ORDER BY 2,3,4,5,6,7,8,9,10,11",
};

/* The lines of a query, written to *to. */
static void write_lines(struct box *box, const char *sql, FILE *to)
{
	sqlite3_stmt *row = NULL;

	assert_int_equal(
	    sqlite3_prepare_v2(cf_ledger_db(box->ledger), sql, -1, &row, NULL), SQLITE_OK);
	while (sqlite3_step(row) == SQLITE_ROW)
		for (int i = 0; i < sqlite3_column_count(row); i++)
			fprintf(to, "%s%s", i == 0 ? "\n" : "\t",
			    (const char *)sqlite3_column_text(row, i));
	sqlite3_finalize(row);
}

/* Names that come in the order of nothing, of which many are at one minute, some rows of nobody. */
static void fill(struct box *box)
{
	static const char *const sensors[] = {"zeta", "alpha", "mid"};
	struct cf_error error = {0};

	for (unsigned i = 0; i < 2000; i++) {
		char addr[32], rule[32], name[32];
		int64_t at = T0_S + i * 7919 % 5 * DAY + i * 31 % 1440 * MINUTE;
		const char *sensor = sensors[i % 3];

		snprintf(addr, sizeof addr, "10.%u.0.%u", i * 101 % 7, i * 211 % 131);
		snprintf(rule, sizeof rule, "rule-%u", i * 17 % 23);
		snprintf(name, sizeof name, "pc%u", i * 13 % 57);
		struct cf_fact hit = a_query(sensor, addr, at);

		hit.rule = text_of(rule);
		hit.vlan = (uint16_t)(i % 4);
		box_add(box, &hit);
		struct cf_fact seen = an_identity(sensor, addr, "", name, at, at + HOUR);

		box_add(box, &seen);
		if (i % 300 == 0)
			box_commit(box);
	}
	box_commit(box);
	assert_int_equal(
	    cf_ledger_exec(box->ledger,
	        "INSERT INTO rollup VALUES(20459, 1, 99999, 1, 1, 1, 1, 0, 0, '', x'');"
	        "INSERT INTO sighting VALUES(20459, 99, 1, 1, 1, x'', x'');"
	        "UPDATE endpoint SET endpoint_id=endpoint_id+5000000000 WHERE endpoint_id%7=3;"
	        "UPDATE rollup SET endpoint_id=endpoint_id+5000000000 WHERE endpoint_id%7=3",
	        &error),
	    CF_OK);
}

static void a_dump_has_the_rows_in_the_order_of_what_they_stand_for(void **state)
{
	(void)state;
	struct box box;
	char *wanted = NULL;
	size_t size = 0;

	box_open(&box);
	fill(&box);
	FILE *to = open_memstream(&wanted, &size);

	assert_non_null(to);
	for (size_t i = 0; i < sizeof dump_sql / sizeof dump_sql[0]; i++)
		write_lines(&box, dump_sql[i], to);
	fclose(to);
	char *dump = box_dump(&box);

	assert_true(lines_with(wanted, "rollup\t") > 1000);
	assert_true(lines_with(wanted, "sighting\t") > 1000);
	assert_true(strlen(dump) >= size);
	dump[size] = '\0';
	assert_string_equal(dump, wanted);
	free(dump);
	free(wanted);
	box_close(&box);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_order_and_the_commits_are_nothing),
	    cmocka_unit_test(a_dump_has_the_rows_in_the_order_of_what_they_stand_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
