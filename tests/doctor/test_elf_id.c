/* The build-id of a program file, and of files that only look like one. */

#include "doctor/elf_id.h"

#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The smallest program that has a build-id: header, one program header, one note. */
struct program {
	Elf64_Ehdr header;
	Elf64_Phdr note_header;
	Elf64_Nhdr note;
	char name[4];
	uint8_t id[20];
};

static struct program make_program(void)
{
	struct program program = {
	    .header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB},
	        .e_phoff = offsetof(struct program, note_header),
	        .e_phentsize = sizeof(Elf64_Phdr),
	        .e_phnum = 1},
	    .note_header = {.p_type = PT_NOTE,
	        .p_offset = offsetof(struct program, note),
	        .p_filesz = sizeof(Elf64_Nhdr) + 24},
	    .note = {.n_namesz = 4, .n_descsz = 20, .n_type = NT_GNU_BUILD_ID},
	    .name = {'G', 'N', 'U', 0},
	};

	for (uint8_t i = 0; i < 20; i++)
		program.id[i] = (uint8_t)(i * 13);
	return program;
}

static void the_id_is_found_and_written_as_hex(void **state)
{
	struct program program = make_program();
	char text[CF_BUILD_ID_TEXT_BYTES];

	(void)state;
	assert_int_equal(cf_build_id(&program, sizeof program, text), CF_OK);
	assert_string_equal(text, "000d1a2734414e5b6875828f9ca9b6c3d0ddeaf7");
}

static void a_program_without_an_id_is_told(void **state)
{
	struct program program = make_program();
	char text[CF_BUILD_ID_TEXT_BYTES];

	(void)state;
	program.note.n_type = NT_GNU_ABI_TAG;
	assert_int_equal(cf_build_id(&program, sizeof program, text), CF_ENOTFOUND);
	program = make_program();
	program.note.n_descsz = 64;
	assert_int_equal(cf_build_id(&program, sizeof program, text), CF_ENOTFOUND);
}

static void every_cut_and_every_wild_offset_is_refused(void **state)
{
	struct program program = make_program();
	char text[CF_BUILD_ID_TEXT_BYTES];
	uint8_t *exact;

	(void)state;
	/* The structure ends in padding that the file does not need. */
	for (size_t len = 0; len < offsetof(struct program, id) + sizeof program.id; len++) {
		exact = malloc(len == 0 ? 1 : len);
		assert_non_null(exact);
		memcpy(exact, &program, len);
		assert_int_not_equal(cf_build_id(exact, len, text), CF_OK);
		free(exact);
	}
	program.header.e_phoff = UINT64_MAX - 8;
	assert_int_equal(cf_build_id(&program, sizeof program, text), CF_EMALFORMED);
	program = make_program();
	program.note_header.p_offset = UINT64_MAX - 8;
	assert_int_equal(cf_build_id(&program, sizeof program, text), CF_ENOTFOUND);
	program = make_program();
	program.note.n_namesz = UINT32_MAX - 1;
	assert_int_equal(cf_build_id(&program, sizeof program, text), CF_ENOTFOUND);
	program = make_program();
	program.header.e_ident[EI_CLASS] = ELFCLASS32;
	assert_int_equal(cf_build_id(&program, sizeof program, text), CF_EMALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_id_is_found_and_written_as_hex),
	    cmocka_unit_test(a_program_without_an_id_is_told),
	    cmocka_unit_test(every_cut_and_every_wild_offset_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
