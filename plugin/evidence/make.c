#include "evidence/make.h"

#include "base/file_writer.h"
#include "evidence/reports.h"
#include "ledger/origin.h"
#include "ledger/store/ledger.h"
#include "report/source.h"
#include "trust/crate.h"
#include "trust/manifest.h"
#include "trust/minisign_secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The id that the host has in these logs; a person may have called it anything. */
static enum cf_status find_host(const struct cf_evidence_make *make, const char *ledger,
    struct cf_evidence_about *about, struct cf_error *error)
{
	struct cf_report_source source;
	const struct cf_host *host;
	enum cf_status status;

	if (make->host == NULL)
		return CF_OK;
	status = cf_evidence_model(&source, NULL, about, ledger, error);
	host = status == CF_OK ? cf_model_find(source.model, make->host) : NULL;
	if (host != NULL)
		(void)snprintf(about->host, sizeof about->host, "%s", host->id);
	else if (status == CF_OK)
		status = cf_error_set(
		    error, CF_ENOTFOUND, "no host '%s' in these logs as of that time", make->host);
	cf_report_source_done(&source);
	return status;
}

static int64_t instant_of(const struct cf_evidence_make *make, struct cf_ledger *ledger)
{
	int64_t newest_s;

	if (make->has_at)
		return make->options.at_wall_s;
	if (make->sources.to_wall_s != 0)
		return make->sources.to_wall_s;
	newest_s = cf_model_horizon(ledger);
	return newest_s != 0 ? newest_s : make->sources.now_wall_s;
}

/* The instant that the reports speak for, and the digest of the ledger. */
static enum cf_status look_at_ledger(const struct cf_evidence_make *make, const char *path,
    struct cf_evidence_about *about, struct cf_error *error)
{
	const struct cf_ledger_options options = {
	    .path = path, .mode = CF_LEDGER_READ, .now_wall_s = about->made_wall_s};
	struct cf_ledger *ledger = NULL;
	enum cf_status status = cf_ledger_open(&options, &ledger, NULL, error);

	if (status == CF_OK)
		status = cf_ledger_digest(ledger, about->ledger, error);
	if (status == CF_OK)
		about->options.at_wall_s = about->at_wall_s = instant_of(make, ledger);
	cf_ledger_close(ledger);
	return status;
}

/* Settings of the reports: an interval that was asked for is the one they look at. */
static struct cf_evidence_about about_of(const struct cf_evidence_make *make)
{
	const struct cf_evidence_sources *sources = &make->sources;
	struct cf_evidence_about about = {.made_wall_s = sources->now_wall_s,
	    .from_wall_s = sources->from_wall_s,
	    .to_wall_s = sources->to_wall_s,
	    .options = make->options};

	(void)snprintf(about.version, sizeof about.version, "%s", make->version);
	if (sources->from_wall_s != 0 && sources->to_wall_s != 0 &&
	    about.options.window_minutes == 0)
		about.options.window_minutes =
		    (uint32_t)((sources->to_wall_s - sources->from_wall_s) / 60);
	return about;
}

/* Everything but manifest and signature, in place's root. */
static enum cf_status fill(const struct cf_evidence_make *make,
    const struct cf_evidence_place *place, struct cf_error *error)
{
	const struct cf_evidence_sources *sources = &make->sources;
	struct cf_evidence_about about = about_of(make);
	char ledger[CF_PATH_BYTES + 16], reports[CF_PATH_BYTES];
	const char *root = place->root;
	enum cf_status status = cf_evidence_gather_logs(root, sources, error);

	(void)snprintf(ledger, sizeof ledger, "%s/ledger.db", place->work);
	if (status == CF_OK)
		status = cf_evidence_gather_rest(root, sources, error);
	if (status == CF_OK)
		status = cf_evidence_ledger(root, &about, ledger, &sources->notices, error);
	if (status == CF_OK)
		status = look_at_ledger(make, ledger, &about, error);
	if (status == CF_OK)
		status = cf_evidence_gather_images(root, sources, ledger, about.image, error);
	if (status == CF_OK)
		status = find_host(make, ledger, &about, error);
	if (status == CF_OK)
		status = cf_evidence_folder(root, "report", reports, error);
	if (status == CF_OK)
		status = cf_evidence_reports(root, &about, ledger, reports, error);
	return status == CF_OK ? cf_evidence_write_about(root, &about, error) : status;
}

static enum cf_status write_text(
    const char *root, const char *name, const char *text, size_t len, struct cf_error *error)
{
	char path[CF_PATH_BYTES];
	struct cf_file_writer writer;
	enum cf_status status;

	if (snprintf(path, sizeof path, "%s/%s", root, name) >= (int)sizeof path)
		return cf_error_set(error, CF_ETOOBIG, "'%s' is too long a path", root);
	status = cf_file_writer_open_as(&writer, path, CF_WRITE_PRIVATE);
	if (status == CF_OK)
		(void)fwrite(text, 1, len, writer.to); /* the end sees a failure */
	return cf_file_writer_end(&writer, path, status, error);
}

/* The manifest, and its signature when there is a key. */
static enum cf_status sign(
    const struct cf_minisign_secret *secret, const char *root, struct cf_error *error)
{
	char signature[CF_MINISIGN_SIGNATURE_TEXT_BYTES];
	char *text = NULL;
	size_t len = 0;
	enum cf_status status = cf_manifest_make(root, &text, &len, error);

	if (status == CF_OK)
		status = write_text(root, CF_MANIFEST_NAME, text, len, error);
	if (status == CF_OK && secret != NULL) {
		status = cf_minisign_sign(secret, text, len, "curfew-evidence 1", signature, error);
		if (status == CF_OK)
			status = write_text(
			    root, CF_MANIFEST_SIGNATURE, signature, strlen(signature), error);
	}
	free(text);
	return status;
}

static enum cf_status pack(const char *root, const char *path, struct cf_error *error)
{
	struct cf_file_writer writer;
	enum cf_status status =
	    cf_file_writer_open_as(&writer, path, CF_WRITE_ONLY_FILES | CF_WRITE_PRIVATE);

	if (status != CF_OK)
		return cf_file_writer_end(&writer, path, CF_EIO, error);
	status = cf_crate_pack(root, fileno(writer.to), error);
	if (status == CF_OK)
		return cf_file_writer_end(&writer, path, CF_OK, error);
	cf_file_writer_abandon(&writer);
	return status;
}

enum cf_status cf_evidence_make(
    const struct cf_evidence_make *make, const char *path, struct cf_error *error)
{
	struct cf_evidence_place place;
	enum cf_status status = cf_evidence_place_make(&place, error);

	if (status == CF_OK)
		status = fill(make, &place, error);
	if (status == CF_OK)
		status = sign(make->secret, place.root, error);
	if (status == CF_OK)
		status = pack(place.root, path, error);
	cf_evidence_place_remove(&place, &make->sources.notices);
	return status;
}
