/*
 * Puts everything a pack holds into a builder: the part of compiling that knows both shapes.
 * One thread.
 */
#pragma once

#include "compile/image/image_writer.h"
#include "compile/pack/pack.h"

/* Adds all names (patterns expanded), networks, AS numbers, signatures, ports and resolvers as
 * those of the builder's pack id. Fails as the builder does; the builder is of no use then. */
enum cf_status cf_compile_pack(
    struct cf_image_builder *builder, const struct cf_pack *pack, uint32_t id) CF_MUST_CHECK;
