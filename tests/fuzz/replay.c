/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A main for fuzz targets where libFuzzer is not at hand: feed each file named
 * on the command line, and each file of each folder named there, to the target.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool replay_file(const char *path, size_t size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = malloc(size ? size : 1);
	bool whole = file && data && fread(data, 1, size, file) == size;

	if (whole) {
		/* Named beforehand, so that a crash tells which file did it. */
		printf("# %s\n", path);
		fflush(stdout);
		LLVMFuzzerTestOneInput(data, size);
	} else {
		fprintf(stderr, "cannot read %s\n", path);
	}
	free(data);
	if (file)
		fclose(file);
	return whole;
}

static bool replay_path(const char *path, unsigned *count)
{
	struct dirent **names;
	struct stat st;
	bool good = true;
	int n;

	if (stat(path, &st) != 0) {
		perror(path);
		return false;
	}
	if (S_ISREG(st.st_mode)) {
		++*count;
		return replay_file(path, (size_t)st.st_size);
	}
	n = scandir(path, &names, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		char below[4096];

		snprintf(below, sizeof(below), "%s/%s", path, names[i]->d_name);
		if (names[i]->d_name[0] != '.')
			good = replay_path(below, count) && good;
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return good && n >= 0;
}

int main(int argc, char **argv)
{
	unsigned count = 0;
	bool good = true;

	for (int i = 1; i < argc; i++)
		good = replay_path(argv[i], &count) && good;
	printf("# %u inputs replayed\n", count);
	/* A target without a single seed would pass without having run. */
	return good && count > 0 ? 0 : 1;
}
