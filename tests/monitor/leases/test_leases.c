/* Lease files of three servers, as their manuals show them, and damaged. */

#include "monitor/leases/leases.h"

#include "records/form/identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct leases {
	struct cf_lease of[8];
	unsigned count;
	struct cf_leases_report report;
};

static void on_lease(void *arg, const struct cf_lease *lease)
{
	struct leases *leases = arg;

	assert_true(leases->count < 8);
	leases->of[leases->count++] = *lease;
}

static enum cf_status read_leases(struct leases *leases, const char *text)
{
	*leases = (struct leases){.count = 0};
	return cf_leases_read((struct cf_slice){.data = (const uint8_t *)text, .len = strlen(text)},
	    CF_LEASES_AUTO, on_lease, leases, &leases->report);
}

static void assert_addr(const struct cf_addr *addr, const char *text)
{
	char got[CF_ADDR_TEXT_BYTES];

	assert_string_equal(cf_addr_format(addr, got), text);
}

static void dhcpd_leases_are_read_with_their_times(void **state)
{
	static const uint8_t mac[6] = {0, 0, 0x5e, 0, 0x53, 7};
	struct leases leases;

	(void)state;
	assert_int_equal(read_leases(&leases,
	                     "# comment\nserver-duid \"\\001\";\n\n"
	                     "lease 10.20.0.44 {\n"
	                     "  starts 4 2024/09/26 10:00:00;\n"
	                     "  ends 4 2024/09/26 22:00:00;\n"
	                     "  binding state active;\n"
	                     "  hardware ethernet 00:00:5e:00:53:07;\n"
	                     "  uid \"\\001\\000\\000^\\000S\\007\";\n"
	                     "  client-hostname \"lap\\\"top\";\n"
	                     "}\n"
	                     "lease 10.20.0.45 {\n"
	                     "  starts epoch 1727344800; # a comment\n"
	                     "  ends never;\n"
	                     "  hardware ethernet 00:00:5e:00:53:08;\n"
	                     "}\n"),
	    CF_OK);
	assert_int_equal(leases.report.format, CF_LEASES_DHCPD);
	assert_int_equal(leases.count, 2);
	assert_addr(&leases.of[0].addr, "10.20.0.44");
	assert_memory_equal(leases.of[0].mac, mac, 6);
	assert_true(leases.of[0].from_wall_s == 1727344800);
	assert_true(leases.of[0].to_wall_s == 1727388000);
	assert_string_equal(leases.of[0].name, "lap\"top");
	assert_int_equal(leases.of[0].client_id_bytes, 7);
	assert_int_equal(leases.of[0].client_id[5], 'S');
	assert_int_equal(leases.of[0].line, 4);
	assert_true(leases.of[1].from_wall_s == 1727344800);
	assert_true(leases.of[1].to_wall_s == INT64_MAX);
	assert_int_equal(leases.report.bad, 0);
}

static void damaged_leases_are_reported(void **state)
{
	struct leases leases;

	(void)state;
	assert_int_equal(read_leases(&leases,
	                     "lease 10.20.0.45 {\n starts epoch 1;\n ends epoch 2;\n"
	                     " binding state free;\n hardware ethernet 00:00:5e:00:53:08;\n}\n"
	                     "lease 10.20.0.46 {\n starts 4 2024/13/26 10:00:00;\n ends never;\n"
	                     " hardware ethernet 00:00:5e:00:53:09;\n}\n"
	                     "lease 10.20.0.300 {\n}\n"
	                     "lease 10.20.0.47 {\n starts epoch 1;\n"),
	    CF_OK);
	/* What is free was its last client's until it ended. */
	assert_int_equal(leases.count, 1);
	assert_true(leases.of[0].to_wall_s == 2);
	assert_int_equal(leases.report.ignored, 0);
	assert_int_equal(leases.report.bad, 3);
	assert_int_equal(leases.report.first_bad_line, 7);
	assert_non_null(leases.report.first_bad_reason);
}

static void kea_columns_are_found_by_name_in_any_order(void **state)
{
	struct leases leases;

	(void)state;
	assert_int_equal(read_leases(&leases,
	                     "address,hwaddr,client_id,valid_lifetime,expire,hostname,state\n"
	                     "10.20.0.44,00:00:5e:00:53:07,01:02,3600,1727348400,a&#x2cb,0\n"
	                     "10.20.0.45,00:00:5e:00:53:08,,3600,1727348400,,1\n"
	                     "address,expire,valid_lifetime,hostname\n"
	                     "10.20.0.46,1727348400,4294967295,x\n"),
	    CF_OK);
	assert_int_equal(leases.report.format, CF_LEASES_KEA);
	assert_int_equal(leases.count, 2);
	assert_string_equal(leases.of[0].name, "a,b");
	assert_true(leases.of[0].from_wall_s == 1727344800);
	assert_int_equal(leases.of[0].client_id_bytes, 2);
	assert_true(leases.of[1].to_wall_s == INT64_MAX);
	assert_false(leases.of[1].has_mac);
	assert_int_equal(leases.report.ignored, 1); /* declined */
}

/* The header may name a column twice: the last one counts, and a short row has none there. */
static void a_kea_row_without_its_address_column_is_reported(void **state)
{
	struct leases leases;

	(void)state;
	/* What stands where the header has its last column is no answer. */
	assert_int_equal(read_leases(&leases,
	                     "address,expire,valid_lifetime,hostname,five,six,address\n"
	                     "bad,1727348400,3600,xxxxxxxxxxxxxxxxxxxxxxxxxxxx10.20.0.44\n"),
	    CF_OK);
	assert_int_equal(leases.count, 0);
	assert_int_equal(leases.report.bad, 1);
	assert_string_equal(leases.report.first_bad_reason, "not an address");
}

static void kea_v6_leases_carry_their_duid(void **state)
{
	struct leases leases;

	(void)state;
	assert_int_equal(
	    read_leases(&leases,
	        "address,duid,valid_lifetime,expire,subnet_id,pref_lifetime,lease_type,iaid\n"
	        "fd00:20::7,00:01:00:01,3600,1727348400,1,1800,0,7\n"
	        "fd00:21::,00:01:00:01,3600,1727348400,1,1800,2,7\n"),
	    CF_OK);
	assert_int_equal(leases.count, 1);
	assert_addr(&leases.of[0].addr, "fd00:20::7");
	assert_int_equal(leases.of[0].client_id_bytes, 4);
}

static void dnsmasq_leases_know_only_their_end(void **state)
{
	struct leases leases;

	(void)state;
	assert_int_equal(read_leases(&leases,
	                     "1727348400 00:00:5e:00:53:07 10.20.0.44 laptop 01:02\r\n"
	                     "0 00:00:5e:00:53:08 10.20.0.45 * *\n"
	                     "duid 00:01:00:01\n"
	                     "1727348400 12345 fd00:20::7 laptop 00:01:00:01\n"
	                     "1727348400 nonsense\n"),
	    CF_OK);
	assert_int_equal(leases.report.format, CF_LEASES_DNSMASQ);
	assert_int_equal(leases.count, 3);
	assert_true(leases.of[0].from_wall_s == 0);
	assert_string_equal(leases.of[0].name, "laptop");
	assert_true(leases.of[1].to_wall_s == INT64_MAX);
	assert_string_equal(leases.of[1].name, "");
	assert_false(leases.of[2].has_mac);
	assert_int_equal(leases.of[2].client_id_bytes, 4);
	assert_int_equal(leases.report.bad, 1);
}

/* dnsmasq built for routers without a clock (HAVE_BROKEN_RTC) writes how long, not until when. */
static void lengths_are_no_instants(void **state)
{
	struct leases leases;

	(void)state;
	assert_int_equal(read_leases(&leases,
	                     "43200 00:00:5e:00:53:07 10.20.0.44 laptop *\n"
	                     "1727348400 00:00:5e:00:53:08 10.20.0.45 printer *\n"),
	    CF_OK);
	assert_int_equal(leases.count, 1);
	assert_string_equal(leases.of[0].name, "printer");
	assert_int_equal(leases.report.bad, 1);
	assert_non_null(strstr(leases.report.first_bad_reason, "without a clock"));
}

/* Kea gives an address back by writing its row again with a lifetime of 0. */
static void a_kea_journal_says_who_had_it_when(void **state)
{
	struct leases leases;

	(void)state;
	assert_int_equal(read_leases(&leases,
	                     "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,"
	                     "fqdn_rev,hostname,state,user_context\n"
	                     "10.0.0.5,00:00:5e:00:53:07,,43200,1727676000,1,0,0,alpha.,0,\n"
	                     "10.0.0.5,00:00:5e:00:53:07,,0,1727636400,1,0,0,alpha.,0,\n"
	                     "10.0.0.5,00:00:5e:00:53:08,,43200,1727681400,1,0,0,beta,0,\n"
	                     "10.0.0.6,00:00:5e:00:53:09,,3600,1727640000,1,0,0,gamma,0,\n"
	                     "10.0.0.6,,,86400,1727723000,1,0,0,,1,\n" /* declined */
	                     "10.0.0.7,00:00:5e:00:53:0a,,600,1727640600,1,0,0,delta,2,\n"),
	    CF_OK);
	assert_int_equal(leases.count, 4);
	assert_string_equal(leases.of[0].name, "alpha");
	assert_int_equal(leases.of[0].from_wall_s, 1727632800);
	assert_int_equal(leases.of[0].to_wall_s, 1727636400);
	assert_int_equal(leases.of[0].end, CF_IDENTITY_RELEASED);
	assert_string_equal(leases.of[1].name, "gamma");
	assert_int_equal(leases.of[1].end, CF_IDENTITY_DECLINED);
	assert_int_equal(leases.of[1].to_wall_s, 1727636600);
	assert_string_equal(leases.of[2].name, "delta");
	assert_int_equal(leases.of[2].end, CF_IDENTITY_EXPIRED);
	assert_string_equal(leases.of[3].name, "beta");
	assert_int_equal(leases.of[3].from_wall_s, 1727638200);
}

static void dhcpd_files_may_begin_with_other_things(void **state)
{
	static const char *const heads[] = {
	    "failover peer \"a\" state {\n  my state normal at 4 2024/09/26 10:00:00;\n}\n",
	    "host printer {\n  dynamic;\n  fixed-address 10.20.0.9;\n}\n",
	    "authoring-byte-order little-endian;\n\nserver-duid \"\\000\\001{\";\n", "# c\n\n"};
	char text[1200];
	struct leases leases;

	(void)state;
	for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
		snprintf(text, sizeof text,
		    "%slease 10.20.0.44 {\n  starts epoch 1000;\n  ends epoch 5000;\n"
		    "  rewind binding state free;\n  next binding state free;\n"
		    "  binding state active;\n  hardware ethernet 00:00:5e:00:53:07;\n"
		    "  on expiry {\n    log (info, \"}\");\n  }\n  client-hostname \"pc\";\n}\n"
		    "lease 10.20.0.44 {\n  starts epoch 1000;\n  ends epoch 3000;\n"
		    "  binding state free;\n  hardware ethernet 00:00:5e:00:53:07;\n}\n",
		    heads[i]);
		assert_int_equal(read_leases(&leases, text), CF_OK);
		assert_int_equal(leases.report.format, CF_LEASES_DHCPD);
		assert_int_equal(leases.report.bad, 0);
		assert_int_equal(leases.count, 1);
		assert_int_equal(leases.of[0].from_wall_s, 1000);
		assert_int_equal(leases.of[0].to_wall_s, 3000);
		assert_string_equal(leases.of[0].name, "pc");
	}
}

static void dhcpd_v6_leases_carry_their_duid(void **state)
{
	static const uint8_t duid[] = {0, 3, 0, 1, 0, 0, 0x5e, 0, 0x53, 7};
	struct leases leases;

	(void)state;
	assert_int_equal(
	    read_leases(&leases,
	        "authoring-byte-order little-endian;\n\n"
	        "ia-na \"\\007S\\000\\000\\000\\003\\000\\001\\000\\000^\\000S\\007\" {\n"
	        "  cltt 4 2024/09/26 10:00:00;\n"
	        "  iaaddr fd00:20::7 {\n    binding state active;\n"
	        "    preferred-life 1800;\n    max-life 3600;\n"
	        "    ends 4 2024/09/26 11:00:00;\n  }\n}\n\n"
	        "ia-pd \"\\007S\\000\\000\\000\\003\\000\\001\" {\n"
	        "  cltt 4 2024/09/26 10:00:00;\n"
	        "  iaprefix fd00:21::/64 {\n    binding state active;\n"
	        "    ends 4 2024/09/26 11:00:00;\n  }\n}\n\n"
	        "ia-na \"\\007S\\000\\000\\000\\003\\000\\001\\000\\000^\\000S\\007\" {\n"
	        "  cltt 4 2024/09/26 10:30:00;\n"
	        "  iaaddr fd00:20::7 {\n    binding state released;\n"
	        "    ends 4 2024/09/26 11:00:00;\n  }\n}\n"),
	    CF_OK);
	assert_int_equal(leases.report.format, CF_LEASES_DHCPD);
	assert_int_equal(leases.report.bad, 0);
	assert_int_equal(leases.count, 1);
	assert_addr(&leases.of[0].addr, "fd00:20::7");
	assert_int_equal(leases.of[0].client_id_bytes, sizeof duid);
	assert_memory_equal(leases.of[0].client_id, duid, sizeof duid);
	assert_int_equal(leases.of[0].from_wall_s, 1727344800);
	assert_int_equal(leases.of[0].to_wall_s, 1727346600);
	assert_int_equal(leases.of[0].end, CF_IDENTITY_RELEASED);
}

static void files_that_follow_each_other_are_one_journal(void **state)
{
	static const char old[] = "address,hwaddr,client_id,valid_lifetime,expire,hostname,state\n"
	                          "10.0.0.5,00:00:5e:00:53:07,,43200,1727676000,alpha,0\n",
	                  new[] = "address,hwaddr,client_id,valid_lifetime,expire,hostname,state\n"
	                          "10.0.0.5,00:00:5e:00:53:08,,43200,1727681400,beta,0\n";
	struct leases leases = {.count = 0};
	struct cf_leases *journal = NULL;

	(void)state;
	assert_int_equal(cf_leases_new(on_lease, &leases, &journal), CF_OK);
	assert_int_equal(
	    cf_leases_take(
	        journal, (struct cf_slice){(const uint8_t *)old, sizeof old - 1}, CF_LEASES_AUTO),
	    CF_OK);
	assert_int_equal(
	    cf_leases_take(
	        journal, (struct cf_slice){(const uint8_t *)new, sizeof new - 1}, CF_LEASES_AUTO),
	    CF_OK);
	cf_leases_finish(journal, &leases.report);
	cf_leases_free(journal);
	assert_int_equal(leases.count, 2);
	assert_int_equal(leases.report.leases, 2);
	assert_int_equal(leases.of[0].end, CF_IDENTITY_REPLACED);
	assert_int_equal(leases.of[0].to_wall_s, 1727638200);
}

static void other_files_are_told_apart(void **state)
{
	struct leases leases;

	(void)state;
	assert_int_equal(read_leases(&leases, "{ \"json\": true }\n"), CF_EUNSUPPORTED);
	assert_int_equal(read_leases(&leases, ""), CF_OK);
	assert_int_equal(leases.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(dhcpd_leases_are_read_with_their_times),
	    cmocka_unit_test(damaged_leases_are_reported),
	    cmocka_unit_test(kea_columns_are_found_by_name_in_any_order),
	    cmocka_unit_test(a_kea_row_without_its_address_column_is_reported),
	    cmocka_unit_test(kea_v6_leases_carry_their_duid),
	    cmocka_unit_test(dnsmasq_leases_know_only_their_end),
	    cmocka_unit_test(lengths_are_no_instants),
	    cmocka_unit_test(a_kea_journal_says_who_had_it_when),
	    cmocka_unit_test(dhcpd_files_may_begin_with_other_things),
	    cmocka_unit_test(dhcpd_v6_leases_carry_their_duid),
	    cmocka_unit_test(files_that_follow_each_other_are_one_journal),
	    cmocka_unit_test(other_files_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
