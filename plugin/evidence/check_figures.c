/* The figures of an evidence: its ledger and its reports, made again from the logs. */

#include "evidence/checks.h"
#include "evidence/reports.h"
#include "ledger/origin.h"
#include "ledger/store/ledger.h"
#include "trust/fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The data of a page: JSON in an element; what stands around it differs from build to build. */
static void cut_page(char *text, size_t *len)
{
	static const char begin[] = "<script type=\"application/json\" id=\"data\">";
	char *from = memmem(text, *len, begin, sizeof begin - 1), *to;

	if (from == NULL)
		return;
	to = memmem(from, *len - (size_t)(from - text), "</script>", 9);
	if (to == NULL)
		return;
	*len = (size_t)(to - from);
	memmove(text, from, *len);
}

static bool are_same(const char *a_path, const char *b_path, bool is_page)
{
	struct cf_fetch a = {.place = a_path, .most_bytes = SIZE_MAX / 4},
	                b = {.place = b_path, .most_bytes = SIZE_MAX / 4};
	struct cf_error error;
	bool same = false;

	if (cf_fetch(&a, &error) == CF_OK && cf_fetch(&b, &error) == CF_OK) {
		if (is_page) {
			cut_page((char *)a.data, &a.len);
			cut_page((char *)b.data, &b.len);
		}
		same = a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
	}
	free(a.data);
	free(b.data);
	return same;
}

static void compare_report(struct cf_sayings *sayings, const char *root, const char *again,
    const char *name, const struct cf_evidence_about *about)
{
	char theirs[CF_PATH_BYTES], ours[CF_PATH_BYTES];
	bool is_page = strstr(name, ".html") != NULL;

	if (snprintf(theirs, sizeof theirs, "%s/report/%s", root, name) >= (int)sizeof theirs ||
	    snprintf(ours, sizeof ours, "%s/%s", again, name) >= (int)sizeof ours ||
	    access(theirs, F_OK) != 0)
		cf_say(sayings, CF_SAID_BAD, "report", "%s is missing", name);
	else if (are_same(theirs, ours, is_page))
		cf_say(sayings, CF_SAID_GOOD, "report", "%s: every figure follows from the logs",
		    name);
	else if (strcmp(about->version, CF_VERSION) != 0)
		cf_say(sayings, CF_SAID_UNKNOWN, "report",
		    "%s differs from what curfew %s makes of the logs; it was made by %s: ask that "
		    "one",
		    name, CF_VERSION, about->version);
	else
		cf_say(sayings, CF_SAID_BAD, "report", "%s is not what the logs give", name);
}

static void compare_reports(struct cf_sayings *sayings, const char *root, const char *again,
    const struct cf_evidence_about *about)
{
	static const char *const names[] = {"hosts.json", "hosts.html", "coverage.json",
	    "escapes.json", "exceptions.json", "host.json", "host.html"};
	size_t count = sizeof names / sizeof names[0] - (about->host[0] == '\0' ? 2 : 0);

	for (size_t i = 0; i < count; i++)
		compare_report(sayings, root, again, names[i], about);
}

static void compare_ledger(
    struct cf_sayings *sayings, const char *path, const struct cf_evidence_about *about)
{
	const struct cf_ledger_options of_ledger = {
	    .path = path, .mode = CF_LEDGER_READ, .now_wall_s = about->made_wall_s};
	struct cf_ledger *ledger = NULL;
	char digest[CF_SHA256_TEXT_BYTES];
	struct cf_error error = {0};

	if (cf_ledger_open(&of_ledger, &ledger, NULL, &error) != CF_OK ||
	    cf_ledger_digest(ledger, digest, &error) != CF_OK)
		cf_say(sayings, CF_SAID_UNKNOWN, "ledger", "%s", error.text);
	else if (strcmp(digest, about->ledger) == 0)
		cf_say(sayings, CF_SAID_GOOD, "ledger", "the logs give the ledger %.12s", digest);
	else
		cf_say(sayings,
		    strcmp(about->version, CF_VERSION) == 0 ? CF_SAID_BAD : CF_SAID_UNKNOWN,
		    "ledger", "the logs give the ledger %.12s, not %.12s", digest, about->ledger);
	cf_ledger_close(ledger);
}

void cf_evidence_check_figures(struct cf_sayings *sayings, const char *root, const char *work,
    const struct cf_evidence_notices *notices)
{
	struct cf_evidence_about about;
	char ledger[CF_PATH_BYTES + 16], again[CF_PATH_BYTES];
	struct cf_error error = {.status = CF_OK};

	(void)snprintf(ledger, sizeof ledger, "%s/ledger.db", work);
	if (cf_evidence_read_about(root, &about, &error) != CF_OK)
		cf_say(sayings, CF_SAID_BAD, "about",
		    "what has to be known to make the reports is missing: %s", error.text);
	else if (cf_evidence_folder(work, "report", again, &error) != CF_OK ||
	    cf_evidence_ledger(root, &about, ledger, notices, &error) != CF_OK)
		cf_say(sayings, CF_SAID_BAD, "ledger", "the logs make no ledger: %s", error.text);
	else {
		compare_ledger(sayings, ledger, &about);
		if (cf_evidence_reports(root, &about, ledger, again, &error) != CF_OK)
			cf_say(sayings, CF_SAID_BAD, "report",
			    "no report can be made of the contents: %s", error.text);
		else
			compare_reports(sayings, root, again, &about);
	}
}
