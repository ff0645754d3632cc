/* SPDX-License-Identifier: GPL-2.0-or-later */
/* replay.c — runs a fuzz target once over every file of its corpus folders, as an ordinary test. Each
 * input is copied to a heap block of exactly its size, so that a sanitizer sees the first byte past it. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	if (!f)
		return perror(path), -1;
	size_t cap = 1 << 20, n = 0;
	uint8_t *big = malloc(cap);
	if (big)
		n = fread(big, 1, cap, f);
	fclose(f);
	uint8_t *exact = malloc(n ? n : 1);
	if (big && exact) {
		memcpy(exact, big, n);
		LLVMFuzzerTestOneInput(exact, n);
	}
	free(big);
	free(exact);
	return big && exact ? 0 : -1;
}

int main(int argc, char **argv)
{
	unsigned files = 0, failed = 0;

	for (int i = 1; i < argc; i++) {
		DIR *d = opendir(argv[i]);
		if (!d)
			return perror(argv[i]), 1;
		for (struct dirent *e; (e = readdir(d));) {
			char path[4096];
			if (e->d_name[0] == '.')
				continue;
			snprintf(path, sizeof(path), "%s/%s", argv[i], e->d_name);
			files++;
			if (replay_file(path) < 0)
				failed++;
		}
		closedir(d);
	}
	printf("%u inputs replayed, %u unreadable\n", files, failed);
	return files == 0 || failed;
}
