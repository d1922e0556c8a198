/* The promise of the monitor's readers: what they give points into what they were given. */
#pragma once

#include "monitor/packet/observer.h"
#include "promise.h"

static inline void must_lie_inside(struct cf_slice outer, struct cf_slice inner)
{
	if (inner.len == 0)
		return;
	must(inner.data >= outer.data);
	must((size_t)(inner.data - outer.data) <= outer.len - inner.len);
}
