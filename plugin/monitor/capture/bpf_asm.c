/* Emitting and resolving. */

#include "monitor/capture/bpf_asm.h"

#include <string.h>

void cf_bpf_init(struct cf_bpf *bpf)
{
	memset(bpf, 0, sizeof *bpf);
}

static void emit(
    struct cf_bpf *bpf, unsigned code, uint32_t k, uint16_t true_label, uint16_t false_label)
{
	if (bpf->length == BPF_MAXINSNS) {
		bpf->failed = true;
		return;
	}
	bpf->code[bpf->length] = (struct sock_filter){.code = (uint16_t)code, .k = k};
	bpf->true_label[bpf->length] = true_label;
	bpf->false_label[bpf->length] = false_label;
	bpf->length++;
}

void cf_bpf_op(struct cf_bpf *bpf, unsigned code, uint32_t k)
{
	emit(bpf, code, k, CF_BPF_NEXT, CF_BPF_NEXT);
}

uint16_t cf_bpf_label_new(struct cf_bpf *bpf)
{
	if (bpf->label_count == CF_BPF_LABELS) {
		bpf->failed = true;
		return 0;
	}
	return (uint16_t)bpf->label_count++;
}

void cf_bpf_label_here(struct cf_bpf *bpf, uint16_t label)
{
	bpf->label_at[label] = (uint16_t)bpf->length;
}

void cf_bpf_jump(
    struct cf_bpf *bpf, unsigned test, uint32_t k, uint16_t true_label, uint16_t false_label)
{
	emit(bpf, BPF_JMP | test | BPF_K, k, true_label, false_label);
}

void cf_bpf_goto(struct cf_bpf *bpf, uint16_t label)
{
	emit(bpf, BPF_JMP | BPF_JA, 0, label, label);
}

/* Instructions between the one at i and the label; BPF only jumps forward. */
static bool distance(const struct cf_bpf *bpf, unsigned i, uint16_t label, unsigned *out)
{
	unsigned at = label == CF_BPF_NEXT ? i + 1 : bpf->label_at[label];

	if (at <= i || at >= bpf->length)
		return false;
	*out = at - i - 1;
	return true;
}

enum cf_status cf_bpf_finish(struct cf_bpf *bpf)
{
	for (unsigned i = 0; !bpf->failed && i < bpf->length; i++) {
		unsigned on_true, on_false;

		if (BPF_CLASS(bpf->code[i].code) != BPF_JMP)
			continue;
		if (!distance(bpf, i, bpf->true_label[i], &on_true) ||
		    !distance(bpf, i, bpf->false_label[i], &on_false))
			return CF_ETOOBIG;
		if (BPF_OP(bpf->code[i].code) == BPF_JA) {
			bpf->code[i].k = on_true;
			continue;
		}
		if (on_true > UINT8_MAX || on_false > UINT8_MAX)
			return CF_ETOOBIG;
		bpf->code[i].jt = (uint8_t)on_true;
		bpf->code[i].jf = (uint8_t)on_false;
	}
	return bpf->failed ? CF_ETOOBIG : CF_OK;
}
