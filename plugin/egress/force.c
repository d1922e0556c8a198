/* Reading, comparing, sending; again when somebody changed tables meanwhile. */

#include "egress/force.h"

#include "egress/former.h"
#include "egress/state.h"
#include "egress/table/ruleset.h"
#include "egress/waiting.h"

#include <string.h>

/* Differences only hold for what was read; on a machine whose tables change all the time, all of it
 * is sent in the end, which holds whatever was before. */
#define TRIES 4

struct forcing {
	struct cf_kernel *kernel;
	const struct cf_force *force;
	struct cf_table wanted, former;
	bool has_former, waits;
	struct cf_kernel_state state;
};

static uint64_t elements_of(const struct cf_table *table)
{
	uint64_t count = 0;

	for (uint32_t i = 0; i < table->set_count; i++)
		count += table->sets[i].count;
	return count;
}

static bool is_as_left(const struct forcing *forcing)
{
	return forcing->state.present &&
	    cf_egress_is_as_left(forcing->force->image, &forcing->state);
}

/* A table of our name that says nothing of itself, where none of ours was left. */
static bool is_somebody_elses(const struct forcing *forcing)
{
	return forcing->state.present && forcing->state.comment[0] == '\0' &&
	    !cf_egress_was_left(forcing->force->image);
}

/* What is in force, as a table, when it is known. */
static enum cf_status find_former(struct forcing *forcing, bool all)
{
	enum cf_status status;

	if (forcing->has_former)
		cf_table_done(&forcing->former);
	forcing->has_former = false;
	if (all || !is_as_left(forcing))
		return CF_OK;
	status = cf_kept_table(
	    forcing->force->image, CF_KEPT_APPLIED, forcing->state.comment, &forcing->former);
	forcing->has_former = status == CF_OK;
	return status == CF_ENOTFOUND ? CF_OK : status;
}

/* From here on the former state comes back unless somebody says that it need not. */
static enum cf_status let_wait(
    struct forcing *forcing, void (*awaited)(const struct cf_force *force), struct cf_error *error)
{
	const struct cf_force *force = forcing->force;
	enum cf_status status;

	if (force->confirm_s == 0 || forcing->waits || force->dry_run)
		return CF_OK;
	if (forcing->state.present && !forcing->has_former)
		return cf_error_set(error, CF_EINVALID,
		    "the table in force is not as this program left it, so that it could not be "
		    "put "
		    "back; `curfew egress remove` first, or apply without --confirm");
	status = cf_egress_await(
	    force->image, forcing->has_former ? &forcing->former : NULL, force->confirm_s, error);
	forcing->waits = status == CF_OK;
	if (status == CF_OK && awaited != NULL)
		awaited(force);
	return status;
}

static void remember(struct forcing *forcing, struct cf_forced *forced)
{
	const char *image = forcing->force->image;
	bool whole = elements_of(&forcing->wanted) <= CF_EGRESS_ELEMENTS;
	enum cf_status status =
	    cf_kernel_read(forcing->kernel, whole, &forcing->state, &forced->remembered);

	/* What it was made from first: without it, being as it was left is of no use. */
	if (status == CF_OK)
		status = cf_kept_write(image, forcing->force->options, &forced->remembered);
	if (status == CF_OK)
		status = cf_egress_leave(image, &forcing->state, &forced->remembered);
	forced->remembered.status = status;
}

/* Once: CF_EAGAIN when somebody changed tables meanwhile, or differences were refused. */
static enum cf_status try_once(struct forcing *forcing, bool all,
    void (*awaited)(const struct cf_force *force), struct cf_forced *forced, struct cf_error *error)
{
	const struct cf_force *force = forcing->force;
	enum cf_status status = cf_kernel_read(
	    forcing->kernel, cf_egress_was_whole(force->image), &forcing->state, error);

	if (status != CF_OK)
		return status;
	if (strcmp(forcing->state.comment, forced->comment) == 0 && is_as_left(forcing)) {
		forced->how = CF_FORCED_ALREADY;
		forced->messages = 0;
		return CF_OK;
	}
	if (is_somebody_elses(forcing))
		return cf_error_set(error, CF_EINVALID,
		    "there is a table 'inet curfew' that `curfew egress` did not make (`curfew "
		    "list "
		    "export -f nft` made one of that name before 0.3.0); rename it, or `nft delete "
		    "table inet curfew`");
	status = find_former(forcing, all);
	if (status != CF_OK)
		return cf_error_set(error, status, "no memory");
	status = let_wait(forcing, awaited, error);
	if (status != CF_OK)
		return status;
	memcpy(forcing->wanted.totals, forcing->state.totals, sizeof forcing->wanted.totals);
	forced->how = forcing->has_former ? CF_FORCED_CHANGED : CF_FORCED_REPLACED;
	status = cf_kernel_put(forcing->kernel, forcing->has_former ? &forcing->former : NULL,
	    &forcing->state, &forcing->wanted, force->dry_run, &forced->messages, error);
	return status == CF_EIO && forcing->has_former ? CF_EAGAIN : status;
}

static enum cf_status force_it(struct forcing *forcing,
    void (*awaited)(const struct cf_force *force), struct cf_forced *forced, struct cf_error *error)
{
	enum cf_status status = CF_EAGAIN;

	for (unsigned i = 0; i <= TRIES && status == CF_EAGAIN; i++)
		status = try_once(forcing, i == TRIES, awaited, forced, error);
	if (status != CF_OK && forcing->waits)
		(void)cf_egress_confirmed(forcing->force->image); /* nothing changed */
	if (status == CF_OK && forced->how != CF_FORCED_ALREADY && !forcing->force->dry_run)
		remember(forcing, forced);
	return status;
}

enum cf_status cf_egress_force(struct cf_kernel *kernel, const struct cf_force *force,
    void (*awaited)(const struct cf_force *force), struct cf_forced *forced_out,
    struct cf_error *error)
{
	struct forcing forcing = {.kernel = kernel, .force = force};
	struct cf_forced forced = {.remembered = {.status = CF_OK}};
	int lock;
	enum cf_status status = cf_ruleset_make(force->plan, force->options, &forcing.wanted);

	if (status != CF_OK)
		return cf_error_set(error, status, "no memory");
	cf_egress_comment(force->plan, force->options, forced.comment);
	lock = cf_egress_lock(force->image);
	status = force_it(&forcing, awaited, &forced, error);
	cf_egress_unlock(lock);
	cf_table_done(&forcing.wanted);
	if (forcing.has_former)
		cf_table_done(&forcing.former);
	if (status == CF_OK)
		*forced_out = forced;
	return status;
}
