/* compile/list/list_parse.h: what each format's lines become, and why others are left out. */

#include "compile/list/list_parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct seen {
	char names[4096];    /* "name scope\n" ... */
	char rejected[8192]; /* "line text: reason\n" ... */
	unsigned stop_after;
	unsigned count;
};

static bool take(void *context, const struct cf_name *name, enum cf_scope scope, unsigned line)
{
	struct seen *seen = context;
	char text[CF_NAME_TEXT_BYTES];
	size_t at = strlen(seen->names);

	assert_int_not_equal(line, 0);
	snprintf(seen->names + at, sizeof seen->names - at, "%s %s\n", cf_name_format(name, text),
	    cf_scope_text(scope));
	return ++seen->count != seen->stop_after;
}

static void refuse(void *context, unsigned line, const char *text, size_t len, const char *reason)
{
	struct seen *seen = context;
	size_t at = strlen(seen->rejected);

	snprintf(seen->rejected + at, sizeof seen->rejected - at, "%u %.*s: %s\n", line, (int)len,
	    text, reason);
}

static struct cf_list_counts parse(const char *text, enum cf_list_format format, struct seen *seen)
{
	struct cf_list_options options = {.format = format};
	struct cf_list_sink sink = {.accept = take, .reject = refuse, .context = seen};
	struct cf_list_counts counts = {.lines = 0};
	size_t len = strlen(text);
	char *copy =
	    malloc(len); /* not terminated: reading past the end is seen by the sanitizer */

	memset(seen, 0, sizeof *seen);
	memcpy(copy, text, len);
	assert_int_equal(cf_list_parse(copy, len, &options, &sink, &counts), CF_OK);
	free(copy);
	return counts;
}

static void hosts_file_gives_exact_names_and_spares_the_machine(void **state)
{
	struct seen seen;
	struct cf_list_counts counts;

	(void)state;
	counts =
	    parse("# hosts\n127.0.0.1 localhost\n0.0.0.0 Ads.Example.com trk.example.com # why\r\n"
	          "::1 six.example.com\n0 short.example.com\n192.0.2.1 "
	          "real.example.com\nnonsense\n0.0.0.0\n",
	        CF_LIST_AUTO, &seen);
	assert_int_equal(counts.format, CF_LIST_HOSTS);
	assert_string_equal(seen.names,
	    "ads.example.com exact\ntrk.example.com exact\nsix.example.com "
	    "exact\nshort.example.com exact\n");
	assert_string_equal(seen.rejected,
	    "2 localhost: a name of the machine itself\n"
	    "6 real.example.com: its address is no sink: it is resolved, not blocked\n"
	    "7 nonsense: does not begin with an address\n8 0.0.0.0: no name behind the address\n");
	assert_int_equal(counts.accepted, 4);
	assert_int_equal(counts.rejected, 4);
	assert_int_equal(counts.lines, 8);
}

static void plain_list_reads_wildcards_and_idn(void **state)
{
	struct seen seen;

	(void)state;
	assert_int_equal(
	    parse("\xef\xbb\xbf"
	          "one.example.com\n*.two.example.com\n.three.example.com\n"
	          "b\xc3\xbc"
	          "cher.example.com\nfour.example.com.  # note\nfive six\nhttp://x.example.com/\n"
	          "192.0.2.9\n_dmarc.example.com\n\n",
	        CF_LIST_AUTO, &seen)
	        .format,
	    CF_LIST_PLAIN);
	assert_string_equal(seen.names,
	    "one.example.com exact\ntwo.example.com below\nthree.example.com subtree\n"
	    "xn--bcher-kva.example.com exact\nfour.example.com exact\n_dmarc.example.com exact\n");
	assert_string_equal(seen.rejected,
	    "6 five six: more than one word\n7 http://x.example.com/: no host name\n"
	    "8 192.0.2.9: an address, not a name\n");
}

static void public_suffixes_are_refused(void **state)
{
	struct seen seen;

	(void)state;
	parse(
	    "com\nco.uk\n*.co.uk\ngithub.io\nexample.co.uk\nme.github.io\n", CF_LIST_PLAIN, &seen);
	assert_string_equal(seen.names, "example.co.uk exact\nme.github.io exact\n");
	assert_non_null(strstr(seen.rejected, "3 *.co.uk: a public suffix"));
	assert_non_null(strstr(seen.rejected, "4 github.io: a public suffix"));
}

static void dnsmasq_lines_give_subtrees(void **state)
{
	struct seen seen;

	(void)state;
	assert_int_equal(
	    parse("# c\naddress=/a.example.com/b.example.com/0.0.0.0\nlocal=/c.example.com/\n"
	          "server=/d.example.com/\naddress=/e.example.com/\nserver=/"
	          "f.example.com/#\n"
	          "address=/g.example.com/192.0.2.7\naddress=/#/0.0.0.0\nport=53\nipset=/"
	          "h.example.com/set\n",
	        CF_LIST_AUTO, &seen)
	        .format,
	    CF_LIST_DNSMASQ);
	assert_string_equal(seen.names,
	    "a.example.com subtree\nb.example.com subtree\nc.example.com subtree\nd.example.com "
	    "subtree\n"
	    "e.example.com subtree\nh.example.com subtree\n");
	assert_non_null(strstr(seen.rejected, "6 server=/f.example.com/#: an exception"));
	assert_non_null(
	    strstr(seen.rejected, "7 address=/g.example.com/192.0.2.7: its address is no sink"));
	assert_non_null(strstr(seen.rejected, "8 address=/#/0.0.0.0: covers every name"));
	assert_non_null(strstr(seen.rejected, "9 port=53: no address="));
}

/* dnsmasq(8): a server answers, leading dots are nothing, a comment follows any blank. */
static void dnsmasq_lines_mean_what_dnsmasq_does(void **state)
{
	struct seen seen;

	(void)state;
	(void)parse("server=/a.example.com/10.0.0.53\nlocal=/b.example.com/10.0.0.53#5353\n"
	            "address=/.c.example.com/0.0.0.0\taddresses # of /these/\n"
	            "server=/..d.example.com/ # none/\naddress=/*.e.example.com/#\n"
	            "address=/*f.example.com/\n",
	    CF_LIST_DNSMASQ, &seen);
	assert_string_equal(
	    seen.names, "c.example.com subtree\nd.example.com subtree\ne.example.com below\n");
	assert_non_null(strstr(seen.rejected, "1 server=/a.example.com/10.0.0.53: names a server"));
	assert_non_null(
	    strstr(seen.rejected, "2 local=/b.example.com/10.0.0.53#5353: names a server"));
	assert_non_null(strstr(seen.rejected, "6 *f.example.com: no host name"));
}

static void adblock_takes_only_rules_that_are_names(void **state)
{
	struct seen seen;

	(void)state;
	assert_int_equal(
	    parse("[Adblock Plus 2.0]\n! "
	          "comment\n||a.example.com^\n||*.b.example.com^\n|c.example.com^\n"
	          "||d.example.com^$important\n||e.example.com^$third-party\n@@||f.example.com^\n"
	          "example.com##.banner\n||g.example.com/path\n/regex/"
	          "\n||h.*.example.com^\ni.example.com\n||j.example.com^|\n",
	        CF_LIST_AUTO, &seen)
	        .format,
	    CF_LIST_ADBLOCK);
	assert_string_equal(seen.names,
	    "a.example.com subtree\nb.example.com below\nc.example.com exact\nd.example.com "
	    "subtree\n"
	    "i.example.com exact\nj.example.com subtree\n");
	assert_non_null(
	    strstr(seen.rejected, "7 ||e.example.com^$third-party: its modifiers narrow"));
	assert_non_null(strstr(seen.rejected, "8 @@||f.example.com^: an exception"));
	assert_non_null(strstr(seen.rejected, "9 example.com##.banner: hides page elements"));
	assert_non_null(strstr(seen.rejected, "10 ||g.example.com/path: matches a path"));
	assert_non_null(strstr(seen.rejected, "11 /regex/: matches a path"));
	assert_non_null(strstr(seen.rejected, "12 h.*.example.com: no host name"));
}

static void adblock_rules_without_an_end_are_left_out(void **state)
{
	struct seen seen;

	(void)state;
	(void)parse(
	    "||www.example.\n||a.example.com\nexample.edu^\n|b.example.com\n||c.example.com|\n"
	    "*.d.example.com^\ne.example.com\n",
	    CF_LIST_ADBLOCK, &seen);
	assert_string_equal(
	    seen.names, "c.example.com subtree\nd.example.com below\ne.example.com exact\n");
	assert_non_null(strstr(seen.rejected, "1 ||www.example.: has no end"));
	assert_non_null(strstr(seen.rejected, "2 ||a.example.com: has no end"));
	assert_non_null(strstr(seen.rejected, "3 example.edu^: has no beginning"));
	assert_non_null(strstr(seen.rejected, "4 |b.example.com: has no end"));
}

static void mixed_lists_are_read_line_by_line(void **state)
{
	struct seen seen;

	(void)state;
	(void)parse("||a.example.com^\n0.0.0.0 b.example.com # c\n:: c.example.com\n"
	            "192.0.2.1 d.example.com\naddress=/e.example.com/0.0.0.0\n"
	            "server=/f.example.com/192.0.2.1\n",
	    CF_LIST_ADBLOCK, &seen);
	assert_string_equal(seen.names,
	    "a.example.com subtree\nb.example.com exact\nc.example.com exact\ne.example.com "
	    "subtree\n");
	assert_non_null(strstr(seen.rejected, "4 d.example.com: its address is no sink"));
	assert_non_null(strstr(seen.rejected, "6 server=/f.example.com/192.0.2.1: names a server"));
}

static void v2fly_keywords_and_regular_expressions_are_refused(void **state)
{
	struct seen seen;

	(void)state;
	assert_int_equal(parse("# list\nexample.com\nfull:a.example.net @ads\ndomain:example.org # "
	                       "c\nkeyword:kasper\n"
	                       "regexp:^s[0-9]+\\.example\\.com$\ninclude:other\n",
	                     CF_LIST_AUTO, &seen)
	                     .format,
	    CF_LIST_V2FLY);
	assert_string_equal(
	    seen.names, "example.com subtree\na.example.net exact\nexample.org subtree\n");
	assert_non_null(strstr(seen.rejected, "5 keyword:kasper: a keyword would match"));
	assert_non_null(strstr(seen.rejected, "6 regexp:"));
	assert_non_null(strstr(seen.rejected, "7 include:other: includes another list"));
}

static void rpz_zone_gives_what_it_withholds(void **state)
{
	struct seen seen;

	(void)state;
	assert_int_equal(
	    parse(
	        "$TTL 300\n$ORIGIN rpz.test.\n@ IN SOA localhost. root.localhost. (\n  1 ; "
	        "serial\n  2 3 4 5 )\n"
	        "  IN NS localhost.\n"
	        "a.example.com CNAME .\n*.a.example.com 60 IN CNAME .\nb.example.com.rpz.test. "
	        "CNAME *.\n"
	        "c.example.com CNAME rpz-passthru.\nd.example.com A 192.0.2.1\n  AAAA 2001:db8::1\n"
	        "e.example.com CNAME rpz-drop.\nf.example.com CNAME rpz-tcp-only.\n"
	        "32.1.2.0.192.rpz-ip CNAME .\ng.example.com. CNAME .\nh.example.com TXT \"a ; b "
	        "(\"\n"
	        "$INCLUDE other\ni.example.com CNAME i.example.com.\n",
	        CF_LIST_AUTO, &seen)
	        .format,
	    CF_LIST_RPZ);
	assert_string_equal(seen.names,
	    "a.example.com exact\na.example.com below\nb.example.com exact\nd.example.com exact\n"
	    "d.example.com exact\ne.example.com exact\nh.example.com exact\n");
	assert_non_null(strstr(seen.rejected, "c.example.com CNAME rpz-passthru.: an exception"));
	assert_non_null(strstr(seen.rejected, "f.example.com CNAME rpz-tcp-only.: asks for TCP"));
	assert_non_null(strstr(seen.rejected, "rpz-ip CNAME .: no QNAME trigger"));
	assert_non_null(strstr(seen.rejected, "g.example.com. CNAME .: outside the zone"));
	assert_non_null(strstr(seen.rejected, "$INCLUDE other: a directive"));
	assert_non_null(strstr(seen.rejected, "i.example.com CNAME i.example.com.: an exception"));
}

static void rpz_zone_without_origin_takes_it_from_the_soa(void **state)
{
	struct seen seen;

	(void)state;
	parse("block.lan. 60 IN SOA ns. root. 1 2 3 4 5\nx.example.com.block.lan. CNAME .\n",
	    CF_LIST_RPZ, &seen);
	assert_string_equal(seen.names, "x.example.com exact\n");
	parse("x.example.com. CNAME .\n", CF_LIST_RPZ, &seen);
	assert_string_equal(seen.names, "");
	parse("x.example.com CNAME .\n", CF_LIST_RPZ, &seen);
	assert_string_equal(seen.names, "x.example.com exact\n");
}

static void torn_zone_loses_only_the_torn_lines(void **state)
{
	struct seen seen;

	(void)state;
	parse("$ORIGIN r.\na.example.com TXT \"open\nb.example.com CNAME .\nc.example.com TXT ( "
	      "open\n",
	    CF_LIST_RPZ, &seen);
	assert_string_equal(seen.names, "b.example.com exact\n");
	assert_non_null(strstr(seen.rejected, "a.example.com TXT \"open: an open quote"));
	assert_non_null(
	    strstr(seen.rejected, "c.example.com TXT ( open: an open quote or parenthesis"));
}

static void sink_can_end_the_reading(void **state)
{
	struct seen seen = {.stop_after = 1};
	struct cf_list_options options = {.format = CF_LIST_PLAIN};
	struct cf_list_sink sink = {.accept = take, .reject = refuse, .context = &seen};
	struct cf_list_counts counts;
	const char *text = "a.example.com\nb.example.com\n";

	(void)state;
	assert_int_equal(cf_list_parse(text, strlen(text), &options, &sink, &counts), CF_EAGAIN);
	assert_int_equal(seen.count, 1);
}

static void every_truncation_of_every_format_is_survived(void **state)
{
	static const char *const samples[] = {"0.0.0.0 a.example.com b.example.com\n",
	    "||a.example.com^$important,all\n@@||b^\nx##y\n",
	    "address=/a.example.com/b.example.com/0.0.0.0\n", "full:a.example.com @ads\nregexp:x\n",
	    "$ORIGIN r.\n@ SOA a. b. ( 1 2 3 4 5 )\na.example.com 60 IN TXT \"x\\\"y\" ; "
	    "c\n*.b.example.com CNAME .\n",
	    "*.b\xc3\xbc"
	    "cher.example.com.\n"};
	struct seen seen;

	(void)state;
	for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
		for (size_t len = 0; len <= strlen(samples[i]); len++) {
			for (unsigned format = 0; format < CF_LIST_FORMATS; format++) {
				char copy[200];
				struct cf_list_counts counts;

				memcpy(copy, samples[i], len);
				copy[len] = '\0';
				counts = parse(copy, (enum cf_list_format)format, &seen);
				assert_true(counts.accepted <= 4);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hosts_file_gives_exact_names_and_spares_the_machine),
	    cmocka_unit_test(plain_list_reads_wildcards_and_idn),
	    cmocka_unit_test(public_suffixes_are_refused),
	    cmocka_unit_test(dnsmasq_lines_give_subtrees),
	    cmocka_unit_test(dnsmasq_lines_mean_what_dnsmasq_does),
	    cmocka_unit_test(adblock_rules_without_an_end_are_left_out),
	    cmocka_unit_test(mixed_lists_are_read_line_by_line),
	    cmocka_unit_test(adblock_takes_only_rules_that_are_names),
	    cmocka_unit_test(v2fly_keywords_and_regular_expressions_are_refused),
	    cmocka_unit_test(rpz_zone_gives_what_it_withholds),
	    cmocka_unit_test(rpz_zone_without_origin_takes_it_from_the_soa),
	    cmocka_unit_test(torn_zone_loses_only_the_torn_lines),
	    cmocka_unit_test(sink_can_end_the_reading),
	    cmocka_unit_test(every_truncation_of_every_format_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
