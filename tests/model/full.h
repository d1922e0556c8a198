/* An image that has one of everything, for tests of reading and writing. */
#pragma once

#include "compile/image/image_writer.h"

/*
 * Adds one of everything to a new builder. Stops at the first refusal and returns it; *builder_out
 * is then set as far as it came, or NULL.
 */
enum cf_status full_build(struct cf_image_builder **builder_out);
