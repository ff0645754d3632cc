/* SPDX-License-Identifier: GPL-2.0-or-later */
/* util.h — the small words that every file uses: scope-bound cleanup, array length, bounds. */
#ifndef BASE_UTIL_H
#define BASE_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define MIN_OF(a, b) ((a) < (b) ? (a) : (b))
#define MAX_OF(a, b) ((a) > (b) ? (a) : (b))

#define mustcheck                      __attribute__((warn_unused_result))
#define printflike(fmt_arg, first_arg) __attribute__((format(printf, fmt_arg, first_arg)))

/* The object that holds member `member` at address `ptr`. */
#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

static inline void auto_close_fn(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
static inline void auto_free_fn(void *p)
{
	free(*(void **)p);
}

/* `auto_close int fd = …;` closes fd when it leaves scope, `auto_free char *s = …;` frees s. */
#define auto_close __attribute__((cleanup(auto_close_fn)))
#define auto_free  __attribute__((cleanup(auto_free_fn)))

/* Hand over what an auto_close or auto_free variable holds. */
static inline int take_fd(int *fd)
{
	int v = *fd;
	*fd = -1;
	return v;
}
#define take_ptr(p)                                                                                \
	({                                                                                         \
		__typeof__(p) taken_ = (p);                                                        \
		(p) = NULL;                                                                        \
		taken_;                                                                            \
	})

/* Close fd if it is open and mark it closed. */
static inline void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Make room for one more element in a growing array; doubles. Returns 0 or -ENOMEM, on failure the
 * array is as it was. */
int grow_array(void *array_ptr, size_t *cap, size_t need, size_t element_size) mustcheck;
#define GROW(array, cap, need) grow_array(&(array), &(cap), (need), sizeof(*(array)))

/* Parse a whole decimal number without sign or blanks, min..max. Returns 0, -EINVAL (not a number)
 * or -ERANGE; *ret is untouched on failure. */
int parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret) mustcheck;
int parse_u32(const char *text, uint32_t min, uint32_t max, uint32_t *ret) mustcheck;

/* Copy text into a fixed buffer, always terminated. Returns false if it was cut. */
bool copy_text(char *dst, size_t cap, const char *src);

/* Fill `n` bytes from the kernel's CSPRNG; never fails once the machine has booted. */
void random_bytes(void *buf, size_t n);

#endif
