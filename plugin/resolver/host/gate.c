/* Refuses to act in an Unbound that the module was not built for. */
#include "resolver/host/unbound.h"

#include "resolver/host/gate.h"

#include "resolver/host/pass_through.h"

#include "gate_host.h" /* CF_GATE_BUILD_IDS, made by meson */

#include <elf.h>
#include <link.h>
#include <malloc.h>
#include <stdatomic.h>
#include <string.h>

#define BUILD_ID_BYTES 20

typedef void operate_function(struct module_qstate *, enum module_ev, int, struct outbound_entry *);

/*
 * Process-wide because it must be known without reading a structure of the host: in a wrong host
 * there is no pointer that could be trusted.
 */
static _Atomic bool is_shut;
static _Atomic bool is_query_checked;
/* A program that has passed once is the same program after a reload, and a reload is when a
 * recycled heap gives blocks of any size. */
static _Atomic bool is_accepted;

/* What the running program says about itself. */
struct host {
	bool has_version, has_configure_line;
	char build_id[2 * BUILD_ID_BYTES + 1];
};

/* A plain loop: the segment is one piece to us, while AddressSanitizer sees gaps between its
 * globals. */
__attribute__((no_sanitize("address"))) static bool holds(
    const void *segment, size_t len, const char *text)
{
	const char *at = segment;
	size_t text_len = strlen(text), same = 0;

	for (size_t i = 0; i + text_len <= len; i++) {
		for (same = 0; same < text_len && at[i + same] == text[same]; same++)
			continue;
		if (same == text_len)
			return true;
	}
	return false;
}

/* Finds the GNU build-id among the notes of one segment: name size, descriptor size, type, name
 * "GNU\0". */
static void read_notes(const uint8_t *at, size_t len, struct host *host)
{
	while (len >= sizeof(ElfW(Nhdr))) {
		ElfW(Nhdr) note;
		size_t name_len, desc_len;

		memcpy(&note, at, sizeof(note));
		name_len = ((size_t)note.n_namesz + 3) & ~(size_t)3;
		desc_len = ((size_t)note.n_descsz + 3) & ~(size_t)3;
		if (name_len > len - sizeof(note) || desc_len > len - sizeof(note) - name_len)
			return;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
		    note.n_descsz <= BUILD_ID_BYTES)
			for (unsigned i = 0; i < note.n_descsz; i++)
				(void)snprintf(host->build_id + 2 * i, 3, "%02x",
				    at[sizeof(note) + name_len + i]);
		at += sizeof(note) + name_len + desc_len;
		len -= sizeof(note) + name_len + desc_len;
	}
}

static int read_object(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct host *host = arg;

	(void)size;
	if (info->dlpi_name != NULL && info->dlpi_name[0] != '\0')
		return 0; /* the main program has an empty name */
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		const void *start = (const void *)(info->dlpi_addr + header->p_vaddr);

		if (header->p_type == PT_LOAD && (header->p_flags & (PF_R | PF_W)) == PF_R) {
			host->has_version |= holds(start, header->p_memsz, PACKAGE_STRING);
			host->has_configure_line |= holds(start, header->p_memsz, CONFCMDLINE);
		}
		if (header->p_type == PT_NOTE)
			read_notes(start, header->p_memsz, host);
	}
	return 1;
}

/*
 * Within what glibc adds to an allocation - alignment, and a rest too small to be split off: larger
 * or smaller means another layout.
 */
static bool has_size(void *object, size_t bytes)
{
	size_t usable = malloc_usable_size(object);

	return usable >= bytes && usable < bytes + 40;
}

static bool names_us(const struct config_file *cfg, const char *file_name)
{
	for (const struct config_strlist *line = cfg->dynlib_file; line != NULL; line = line->next)
		if (line->str == file_name)
			return true;
	return false;
}

static const char *fault_of_program(const struct host *host)
{
	if (CF_GATE_BUILD_IDS[0] != '\0' &&
	    (host->build_id[0] == '\0' || strstr(CF_GATE_BUILD_IDS, host->build_id) == NULL))
		return "another build (build-id differs)";
	if (!host->has_version)
		return "another version";
	if (!host->has_configure_line)
		return "another configure line";
	return NULL;
}

static const char *fault_of_structures(struct module_env *env, int id,
    int (*init)(struct module_env *, int), operate_function *operate)
{
	const struct dynlibmod_env *host;

	if (!has_size(env, sizeof(*env)))
		return "struct module_env differs";
	host = env->modinfo[id];
	if (host == NULL || host->func_init != init || host->func_operate != operate)
		return "struct module_env is laid out differently";
	if (env->cfg == NULL || !has_size(env->cfg, sizeof(*env->cfg)) ||
	    !names_us(env->cfg, host->fname))
		return "struct config_file differs";
	return NULL;
}

static void shut(const char *fault, const char *build_id)
{
	log_err("curfew: this Unbound is not the one the module was built for: %s; nothing is "
	        "blocked or "
	        "recorded, every query passes. Built for %s; this program's build-id is %s. "
	        "Rebuild the "
	        "module against the source of the running Unbound (plugin/resolver/build-unbound), "
	        "or put "
	        "back the Unbound it was built for, then restart Unbound",
	    fault, PACKAGE_STRING, build_id[0] != '\0' ? build_id : "unknown");
	cf_gate_shut();
}

void cf_gate_shut(void)
{
	atomic_store(&is_shut, true);
}

bool cf_gate_is_shut(void)
{
	return atomic_load_explicit(&is_shut, memory_order_relaxed);
}

bool cf_gate_init(struct module_env *env, int id, int (*init)(struct module_env *, int),
    operate_function *operate)
{
	struct host host = {.has_version = false};
	const char *fault;

	cf_pass_through_init(env, id);
	if (is_accepted)
		return true;
	atomic_store(&is_shut, false);
	atomic_store(&is_query_checked, false);
	(void)dl_iterate_phdr(read_object, &host); /* returns what read_object returned */
	fault = fault_of_program(&host);
	if (fault == NULL)
		fault = fault_of_structures(env, id, init, operate);
	if (fault != NULL)
		shut(fault, host.build_id);
	is_accepted = fault == NULL;
	return is_accepted;
}

/*
 * Known addresses around a query. The compare function of the sets is what tells Debian's
 * patched 1.22.0 from the untouched one, whose version strings are the same.
 */
static const char *fault_of_query(struct module_qstate *qs, int id)
{
	struct mesh_state *state = qs->mesh_info;

	if (state == NULL || &state->s != qs)
		return "struct module_qstate differs";
	if (state->node.key != state || state->run_node.key != state)
		return "struct mesh_state differs";
	if (state->super_set.cmp != mesh_state_ref_compare ||
	    state->sub_set.cmp != mesh_state_ref_compare)
		return "struct mesh_state is laid out differently";
	if (qs->env == NULL || qs->env->mesh == NULL || qs->env->mesh->env != qs->env ||
	    qs->curmod != id)
		return "struct module_env is laid out differently";
	if (state->reply_list != NULL &&
	    (state->reply_list->qname == NULL ||
	        query_dname_compare(state->reply_list->qname, qs->qinfo.qname) != 0))
		return "struct mesh_reply differs";
	return NULL;
}

bool cf_gate_operate(
    struct module_qstate *qs, enum module_ev event, int id, struct outbound_entry *oe)
{
	if (!atomic_load_explicit(&is_query_checked, memory_order_relaxed) && !cf_gate_is_shut()) {
		const char *fault = fault_of_query(qs, id);

		atomic_store(&is_query_checked, true);
		if (fault != NULL)
			shut(fault, "as recorded");
		is_accepted = is_accepted && fault == NULL;
	}
	if (__builtin_expect(!cf_gate_is_shut(), 1))
		return false;
	cf_pass_through(qs, event, id, oe);
	return true;
}
