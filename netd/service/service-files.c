/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netd/service/service-files.h"

#include "netd/messages/messages.h"
#include "netd/service/patient.h"
#include "netd/service/sockets.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define DEFAULT_MTU 1500

const char *service_files_root(const struct network *def)
{
	for (size_t i = 0; i < def->n_ips; i++)
		if (def->ips[i].tftp_root && def->ips[i].address.family == AF_INET)
			return def->ips[i].tftp_root;
	return NULL;
}

/* What guests may read of it is what everybody may read, so everybody must be able to pass through
 * it. */
static int open_root(const char *path, struct err *e)
{
	struct stat st;

	if (path[0] != '/')
		return err_set(e, ERR_INTERNAL, "<tftp root='%s'> is not an absolute path", path);
	auto_close int fd = patient_open_folder(path, &st);
	if (fd == -ETIMEDOUT)
		return err_set(e, ERR_INTERNAL,
			       "cannot serve files from <tftp root='%s'>: its file system doesn't "
			       "answer; is the server that it is mounted from gone?",
			       path);
	if (fd < 0)
		return err_set(e, ERR_INTERNAL, "cannot serve files from <tftp root='%s'>: %s",
			       path, strerror(-fd));
	if (!(st.st_mode & S_IXOTH))
		return err_set(e, ERR_INTERNAL,
			       "cannot serve files from <tftp root='%s'>: its mode is %04o, so it "
			       "is closed to "
			       "others; try chmod o+x",
			       path, st.st_mode & 07777);
	return take_fd(&fd);
}

int service_files_check(const struct network *def, struct err *e)
{
	const char *root = service_files_root(def);
	int fd = root ? open_root(root, e) : -1;

	if (!root || fd >= 0) {
		close_fd(&fd);
		return 0;
	}
	return fd;
}

int service_files_open(const struct network *def, unsigned which, const struct ip *address,
		       struct err *e)
{
	switch (which) {
	case FILES_FD_ROOT:
		return open_root(service_files_root(def), e);
	case FILES_FD_REQUESTS:
		return socket_tftp(def->bridge, address, TFTP_PORT, e);
	case FILES_FD_HTTP:
	case FILES_FD_HTTP6:
		return socket_http(def->bridge, address, e);
	default:
		return socket_tftp(def->bridge, address, 0, e);
	}
}

void service_files_tell(struct worker_proc *p, uint32_t net_id, const struct network *def,
			const int *fds)
{
	const struct message_files_serve m = { .net_id = net_id,
					       .mtu = def->mtu ? def->mtu : DEFAULT_MTU };
	uint8_t body[FILES_MESSAGE_MAX];
	struct wr w = wr_over(body, sizeof(body));

	message_files_serve_encode(&w, &m);
	unsigned n = FILES_FD_HTTP;
	while (n < FILES_FD_COUNT && fds[n] >= 0)
		n++;
	worker_post(p, MSG_FILES_SERVE, body, wr_len(&w), fds, n);
}
