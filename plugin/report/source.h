/*
 * What a report is made of: the ledger, the model it gives as of an instant, and the exceptions of
 * the image in force. One thread.
 */
#pragma once

#include "image/image.h"
#include "ledger/model/model.h"
#include "ledger/store/ledger.h"

#include <stdbool.h>
#include <stdint.h>

struct cf_report_source {
	/* The caller's. */
	const char *ledger_path;
	const char *image_path;
	/* An image is a help, not a must: without it exceptions have no end and no reason. */
	bool needs_image;
	bool has_at; /* options.at_wall_s is set; else as of the newest heartbeat */
	int64_t now_wall_s;
	struct cf_model_options options;
	/* Filled. */
	struct cf_ledger *ledger;
	struct cf_model *model;
	struct cf_image *image;
	struct cf_model_exception *exceptions;
};

/* Opens image and ledger, for who reads the ledger before there is a model beside it. As
 * cf_image_open() with needs_image, cf_ledger_open(). */
enum cf_status cf_report_source_open(
    struct cf_report_source *source, struct cf_error *error) CF_MUST_CHECK;

/* Opens what is not open yet, and loads: as above, and cf_model_load(). */
enum cf_status cf_report_source_load(
    struct cf_report_source *source, struct cf_error *error) CF_MUST_CHECK;

/* Also after a failure. */
void cf_report_source_done(struct cf_report_source *source);
