/* SPDX-License-Identifier: GPL-2.0-or-later */
/* http-answer.c — what a request gets. */
#include "tftp/http.h"

#include "base/cursor.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

#define SEC_PER_DAY 86400
#define LAST_SEC    253402300799 /* of the year 9999 */

/* Days since 1970 to a date of the Gregorian calendar; years begin in March, so that the odd day is
 * the last. */
static void civil(int64_t days, int *year, unsigned *month, unsigned *day)
{
	int64_t shifted = days + 719468; /* since 0000-03-01 */
	int64_t era = shifted / 146097;
	unsigned in_era = (unsigned)(shifted % 146097);
	unsigned y = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	unsigned in_year = in_era - (365 * y + y / 4 - y / 100);
	unsigned m = (5 * in_year + 2) / 153;

	*day = in_year - (153 * m + 2) / 5 + 1;
	*month = m < 10 ? m + 3 : m - 9;
	*year = (int)(era * 400 + y) + (*month <= 2);
}

/* Not by gmtime(), which reads the time zone's file first. */
void http_date(int64_t sec, char to[static HTTP_DATE_MAX])
{
	static const char weekday[] = "ThuFriSatSunMonTueWed",
			  months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	unsigned month, day;
	int year;

	sec = MIN_OF(MAX_OF(sec, 0), LAST_SEC);
	unsigned in_day = (unsigned)(sec % SEC_PER_DAY);
	civil(sec / SEC_PER_DAY, &year, &month, &day);
	snprintf(to, HTTP_DATE_MAX, "%.3s, %02u %.3s %04d %02u:%02u:%02u GMT",
		 weekday + sec / SEC_PER_DAY % 7 * 3, day % 100, months + (month - 1) * 3,
		 year % 10000, in_day / 3600, in_day / 60 % 60, in_day % 60);
}

static const char *reason(unsigned status)
{
	static const struct {
		unsigned status;
		const char *text;
	} reasons[] = {
		{ 200, "OK" },
		{ 206, "Partial Content" },
		{ 304, "Not Modified" },
		{ 400, "Bad Request" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 416, "Range Not Satisfiable" },
		{ 431, "Request Header Fields Too Large" },
		{ 501, "Not Implemented" },
		{ 505, "HTTP Version Not Supported" },
	};

	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].text;
	return "Internal Server Error";
}

/* Firmware looks at this before it looks at the name's end. */
static const char *content_type(const char *path)
{
	static const struct {
		const char *suffix, *type;
	} types[] = {
		{ ".efi", "application/efi" },
		{ ".iso", "application/vnd.efi-iso" },
		{ ".img", "application/vnd.efi-img" },
		{ ".txt", "text/plain" },
		{ ".cfg", "text/plain" },
		{ ".ipxe", "text/plain" },
	};
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot && i < ARRAY_LEN(types); i++)
		if (strcasecmp(dot, types[i].suffix) == 0)
			return types[i].type;
	return "application/octet-stream";
}

static unsigned status_of_error(int error)
{
	switch (error) {
	case -ENOENT:
	case -ENOTDIR:
	case -ELOOP:
	case -ENAMETOOLONG:
		return 404;
	case -EACCES:
	case -EPERM:
	case -EXDEV:
		return 403;
	default:
		return 500;
	}
}

/* Sets status, offset and length from the range asked for. */
static void choose_range(const struct http_request *q, uint64_t size, struct http_answer *a)
{
	a->status = 206;
	switch (q->range) {
	case HTTP_RANGE_NONE:
		a->status = 200;
		a->length = size;
		return;
	case HTTP_RANGE_FROM:
	case HTTP_RANGE_FROM_TO:
		a->offset = q->from;
		if (a->offset < size)
			a->length = size - a->offset;
		if (q->range == HTTP_RANGE_FROM_TO && a->length)
			a->length = MIN_OF(a->length - 1, q->to - q->from) + 1;
		break;
	case HTTP_RANGE_LAST:
		a->length = MIN_OF(q->from, size);
		a->offset = size - a->length;
		break;
	}
	if (!a->length) {
		a->status = 416;
		a->offset = 0;
	}
}

static void decide(const struct http_request *q, int opened, const struct http_file *file,
		   struct http_answer *a)
{
	char modified[HTTP_DATE_MAX];
	struct http_request whole = *q;

	a->status = q->status;
	if (!a->status && opened < 0)
		a->status = status_of_error(opened);
	if (a->status)
		return;
	http_date(file->modified, modified);
	if (q->modified_since[0] && strcmp(q->modified_since, modified) == 0) {
		a->status = 304;
		return;
	}
	/* RFC 9110 13.1.5 and 14.2: a range of another version is of no use; HEAD has none. */
	if (q->head || (q->if_range[0] && strcmp(q->if_range, modified) != 0))
		whole.range = HTTP_RANGE_NONE;
	choose_range(&whole, file->size, a);
}

static void add(struct http_answer *a, const char *fmt, ...) printflike(2, 3);
static void add(struct http_answer *a, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	int n = vsnprintf(a->head + a->n, sizeof(a->head) - a->n, fmt, args);
	va_end(args);
	if (n > 0)
		a->n = MIN_OF(a->n + (size_t)n, sizeof(a->head) - 1);
}

/* The fields that tell of the file. */
static void add_file_fields(const struct http_request *q, const struct http_file *file,
			    struct http_answer *a)
{
	char date[HTTP_DATE_MAX];
	unsigned long long first = a->offset, size = file->size;

	http_date(file->modified, date);
	add(a, "Last-Modified: %s\r\nAccept-Ranges: bytes\r\n", date);
	if (a->status == 206)
		add(a, "Content-Range: bytes %llu-%llu/%llu\r\n", first, first + a->length - 1,
		    size);
	if (a->status == 200 || a->status == 206)
		add(a, "Content-Type: %s\r\n", content_type(q->path));
}

void http_answer(const struct http_request *q, int opened, const struct http_file *file,
		 int64_t now, struct http_answer *ret)
{
	char date[HTTP_DATE_MAX], text[64] = "";

	*ret = (struct http_answer){ .close = !q->keep };
	decide(q, opened, file, ret);
	bool of_file = ret->status == 200 || ret->status == 206 || ret->status == 304;
	if (!of_file)
		snprintf(text, sizeof(text), "%u %s\n", ret->status, reason(ret->status));
	http_date(now, date);
	add(ret, "HTTP/1.1 %u %s\r\nDate: %s\r\n", ret->status, reason(ret->status), date);
	if (of_file)
		add_file_fields(q, file, ret);
	else
		add(ret, "Content-Type: text/plain\r\n");
	if (ret->status == 416)
		add(ret, "Content-Range: bytes */%llu\r\n", (unsigned long long)file->size);
	if (ret->status == 405)
		add(ret, "Allow: GET, HEAD\r\n");
	/* Of 304 it would be the file's: RFC 9110 8.6. */
	unsigned long long length = ret->status == 304 ? file->size
				    : of_file          ? ret->length
						       : strlen(text);
	add(ret, "Content-Length: %llu\r\n", length);
	if (ret->close || q->is_http10)
		add(ret, "Connection: %s\r\n", ret->close ? "close" : "keep-alive");
	add(ret, "\r\n%s", q->head ? "" : text);
	if (q->head)
		ret->length = 0;
}
