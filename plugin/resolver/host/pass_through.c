/* What a module does that does nothing. */
#include "resolver/host/unbound.h"

#include "resolver/host/pass_through.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

typedef void operate_function(struct module_qstate *, enum module_ev, int, struct outbound_entry *);
typedef int get_option_function(struct config_file *, const char *, char **);

/* Bytes of a query that are looked at: the least that any version has, and all that matters. */
#define LEAST_BYTES 400

/*
 * Process-wide, like the gate: in a wrong host there is no pointer that could be trusted. offset of
 * ext_state[0] in a query; -1 not known yet, -2 cannot be found out.
 */
static _Atomic int state_offset = -1;
static operate_function *respip, *next_operate;

static const struct {
	const char *word, *function;
} modules[] = {
    {"iterator", "iter_operate"},
    {"validator", "val_operate"},
    {"respip", "respip_operate"},
    {"dns64", "dns64_operate"},
    {"subnetcache", "subnetmod_operate"},
    {"cachedb", "cachedb_operate"},
    {"dynlib", "dynlibmod_operate"},
    {"python", "pythonmod_operate"},
    {"ipsecmod", "ipsecmod_operate"},
    {"ipset", "ipset_operate"},
};

static operate_function *find_function(const char *name)
{
	void *symbol = dlsym(RTLD_DEFAULT, name);
	operate_function *function;

	memcpy(&function, &symbol, sizeof(function));
	return function;
}

/* The module behind the id-th word of module-config. */
static operate_function *behind(char *words, int id)
{
	char *rest = words, *word = strtok_r(words, " \t\"", &rest);

	for (int i = 0; word != NULL && i <= id; i++)
		word = strtok_r(NULL, " \t\"", &rest);
	for (size_t i = 0; word != NULL && i < sizeof(modules) / sizeof(modules[0]); i++)
		if (strcmp(modules[i].word, word) == 0)
			return find_function(modules[i].function);
	return NULL;
}

void cf_pass_through_init(struct module_env *env, int id)
{
	/* The only one of its kind that calls no function of ours, which it would die of. */
	void *symbol = dlsym(RTLD_DEFAULT, "config_get_option_collate");
	get_option_function *get_option;
	struct config_file *cfg;
	char *words = NULL;

	respip = find_function("respip_operate");
	next_operate = NULL;
	memcpy(&get_option, &symbol, sizeof(get_option));
	memcpy(&cfg, env, sizeof(cfg));
	if (get_option == NULL || cfg == NULL || get_option(cfg, "module-config", &words) != 0 ||
	    words == NULL)
		return;
	next_operate = behind(words, id);
	free(words);
}

static int int_at(const struct module_qstate *qs, size_t offset)
{
	int value;

	memcpy(&value, (const char *)qs + offset, sizeof(value));
	return value;
}

static void set_int_at(struct module_qstate *qs, size_t offset, int value)
{
	memcpy((char *)qs + offset, &value, sizeof(value));
}

/*
 * Lets the host's respip say "wait for the next module", which without a rule of its own is all
 * that it does with a new query, and looks for the one number that has become that.
 */
static int find_states(struct module_qstate *qs, int id, struct outbound_entry *oe)
{
	char before[LEAST_BYTES];
	int found = -2;

	memcpy(before, qs, sizeof(before));
	respip(qs, module_event_new, id, oe);
	for (size_t at = 0; at + sizeof(int) <= sizeof(before); at += sizeof(int)) {
		int old;

		memcpy(&old, before + at, sizeof(old));
		if (old != module_state_initial || int_at(qs, at) != module_wait_module)
			continue;
		/* In front of the states stands the number of the module whose turn it is. */
		if (found != -2 || at < (size_t)(id + 1) * sizeof(int) ||
		    int_at(qs, at - (size_t)(id + 1) * sizeof(int)) != id)
			return -2;
		found = (int)(at - (size_t)id * sizeof(int));
	}
	return found;
}

void cf_pass_through(
    struct module_qstate *qs, enum module_ev event, int id, struct outbound_entry *oe)
{
	int offset = atomic_load(&state_offset);

	if (offset == -1 && event == module_event_new && respip != NULL) {
		offset = find_states(qs, id, oe);
		atomic_store(&state_offset, offset); /* another thread would find the same */
	}
	if (offset < 0) { /* as well as can be: respip, or our own idea of the layout */
		if (respip != NULL)
			respip(qs, event, id, oe);
		else
			qs->ext_state[id] = event == module_event_new || event == module_event_pass
			    ? module_wait_module
			    : module_finished;
		return;
	}
	if (event == module_event_moddone || event == module_event_error) {
		set_int_at(qs, (size_t)offset + (size_t)id * sizeof(int),
		    event == module_event_error ? module_error : module_finished);
		return;
	}
	set_int_at(qs, (size_t)offset + (size_t)id * sizeof(int), module_wait_module);
	if (event != module_event_new || next_operate == NULL)
		return;
	set_int_at(qs, (size_t)offset - sizeof(int), id + 1);
	next_operate(qs, event, id + 1, oe);
}
