/*
 * Canary and discovery names: those by which browsers and systems ask a network whether they are to
 * leave DNS where it is, as their makers define them (curfew.yaml(5), canaries). They are a pack of
 * the image under a schedule of its own, which blocks them, and are answered NODATA: all three
 * definitions take that for a no.
 */
#pragma once

#include "base/status.h"
#include "compile/image/image_writer.h"
#include "compile/policy/policy.h"

/*
 * Adds the names that policy->canaries tells, and nothing when it tells none. vendor and version
 * are what the pack is called. Their category is local-injection: never evidence about a host.
 * Errors as cf_image_builder_add_schedule() and cf_image_builder_add_name().
 */
enum cf_status cf_canaries_add(struct cf_image_builder *builder, const struct cf_policy *policy,
    const char *vendor, const char *version) CF_MUST_CHECK;
