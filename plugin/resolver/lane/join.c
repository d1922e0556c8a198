/* Sharing resolutions among those who are not blocked. */
#include "resolver/host/unbound.h"

#include "resolver/lane/join.h"

#ifdef CF_UB_ADD_REPLY_RETURNS_IT
#define ADD_REPLY_MORE \
	, &(struct mesh_reply *) \
	{ \
		NULL \
	}
#else
#define ADD_REPLY_MORE
#endif
#ifdef CF_UB_REMOVE_REPLY_BY_STREAM
#define REMOVE_REPLY_MORE , NULL, NULL
#else
#define REMOVE_REPLY_MORE
#endif

/*
 * Gives the state another key, or returns the one that has it and leaves all as it was. Safe while
 * nobody's order of it depends on the key. It is out of the tree meanwhile, where it would be found
 * itself.
 */
static struct mesh_state *set_mark(
    struct mesh_area *mesh, struct mesh_state *state, struct mesh_state *mark)
{
	struct mesh_state *before = state->unique;
	rbnode_type *node;

	(void)rbtree_delete(&mesh->all, state);
	state->unique = mark;
	node = rbtree_search(&mesh->all, state);
	if (node != NULL)
		state->unique = before;
	(void)rbtree_insert(&mesh->all, &state->node); /* nobody has this key */
	return node == NULL ? NULL : (struct mesh_state *)(uintptr_t)node->key;
}

/* Adds what slot knows of a client to another resolution, with all that the host keeps count of. */
static bool add_client(struct mesh_state *to, struct mesh_reply *slot)
{
	struct mesh_area *mesh = to->s.env->mesh;
	struct tcp_req_info *stream = slot->query_reply.c->tcp_req_info;
	struct query_info question = to->s.qinfo;

	question.qname = slot->qname;
	question.local_alias = slot->local_alias;
	if (!mesh_state_add_reply(to, &slot->edns, &slot->query_reply, slot->qid, slot->qflags,
	        &question ADD_REPLY_MORE))
		return false;
	if (stream != NULL && !tcp_req_info_add_meshstate(stream, mesh, to)) {
		to->reply_list = to->reply_list->next;
		return false;
	}
	mesh->num_reply_addrs++;
#ifdef CF_UB_HAS_WAIT_LIMIT
	infra_wait_limit_inc(
	    mesh->env->infra_cache, &slot->query_reply, *mesh->env->now, mesh->env->cfg);
#endif
	return true;
}

static bool move(struct mesh_state *from, struct mesh_reply *slot, struct mesh_state *to)
{
	struct mesh_area *mesh = from->s.env->mesh;
	struct comm_point *point = slot->query_reply.c;

	/* Streams of HTTP and QUIC are tied to their state in more ways; they stay alone. */
	if ((point->type != comm_udp && point->type != comm_tcp) || point->use_h2 ||
	    from->reply_list != slot || slot->next != NULL || from->cb_list != NULL ||
	    to->reply_list == NULL || to->replies_sent != 0 || !add_client(to, slot))
		return false;
	if (point->tcp_req_info != NULL)
		tcp_req_info_remove_mesh_state(point->tcp_req_info, from);
	mesh_state_remove_reply(mesh, from, point REMOVE_REPLY_MORE);
	return true;
}

bool cf_join(struct cf_module *module, struct module_qstate *qs, struct mesh_reply *slot)
{
	struct mesh_area *mesh = qs->env->mesh;
	struct mesh_state *state = qs->mesh_info, *other;
	/* An address that no state of the mesh has; it is compared, never followed. */
	struct mesh_state *mark = (struct mesh_state *)(void *)module;

	/* Unique already, or in somebody's sets, which are ordered by the key. */
	if (state->unique != NULL || state->super_set.count > 0 || state->sub_set.count > 0)
		return false;
	other = set_mark(mesh, state, mark);
	if (other == NULL)
		return false;
	if (slot != NULL && move(state, slot, other))
		return true;
	(void)set_mark(mesh, state, state); /* its own address: nobody else has it */
	return false;
}
