/*
 * Findings as sentences. Each begins with where (event, object, call) and goes on with what was
 * expected and what was found, so that one line is enough to set a breakpoint.
 */
#include "finding.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <fl/trace.h>

static const char *const words[] = {
#define FL_FINDING_WORD(name, word) [FL_FINDING_##name] = word,
    FL_FINDING_LIST(FL_FINDING_WORD)
#undef FL_FINDING_WORD
};

const char *fl_finding_word(uint32_t kind)
{
    return kind < FL_FINDING_COUNT ? words[kind] : "?";
}

/* "event 12, object 7, malloc(24 bytes): block 0x7f00 " */
static size_t text_where(const struct fl_finding *finding, char *text, size_t text_bytes)
{
    const int length = snprintf(text, text_bytes,
                                "event %" PRIu64 ", object %" PRIu64 ", %s of %" PRIu64
                                " bytes: block 0x%" PRIx64 " ",
                                finding->event, finding->serial, fl_kind_name(finding->call),
                                finding->size_bytes, finding->address);
    return length < 0 || (size_t)length >= text_bytes ? 0 : (size_t)length;
}

/* A process that ended or does not: only its events are known. */
static void text_process(const struct fl_finding *finding, char *text, size_t text_bytes)
{
    char where[64], what[64 + sizeof finding->detail];
    if (finding->event == finding->last_event) {
        snprintf(where, sizeof where, "event %" PRIu64, finding->event);
    } else {
        snprintf(where, sizeof where, "events %" PRIu64 " to %" PRIu64, finding->event,
                 finding->last_event);
    }
    if (finding->kind == FL_FINDING_HANG) {
        snprintf(what, sizeof what, "no answer in %" PRIu64 " s (--timeout)%s%s",
                 finding->expected, finding->detail[0] == '\0' ? "" : "; ", finding->detail);
    } else if (finding->found == 0) {
        snprintf(what, sizeof what, "ended the process with code %" PRIu64, finding->expected);
    } else {
        snprintf(what, sizeof what, "crashed: %s (signal %" PRIu64 ")",
                 strsignal((int)finding->found), finding->found);
    }
    snprintf(text, text_bytes, "%s: %s", where, what);
}

static void text_bytes_differ(const struct fl_finding *finding, const char *what, char *text,
                              size_t text_bytes)
{
    snprintf(text, text_bytes, "%s: byte %" PRIu64 " is 0x%02" PRIx64 ", expected 0x%02" PRIx64,
             what, finding->at_byte, finding->found, finding->expected);
}

static void text_what(const struct fl_finding *finding, char *text, size_t text_bytes)
{
    switch ((enum fl_finding_kind)finding->kind) {
    case FL_FINDING_MISALIGNED:
        snprintf(text, text_bytes, "is not aligned to %" PRIu64 " bytes", finding->expected);
        break;
    case FL_FINDING_OUTSIDE:
        snprintf(text, text_bytes, "is not wholly memory of the heap");
        break;
    case FL_FINDING_OVERLAP:
        snprintf(text, text_bytes,
                 "overlaps live object %" PRIu64 " (%" PRIu64 " bytes at 0x%" PRIx64 ")",
                 finding->other_serial, finding->other_bytes, finding->other_address);
        break;
    case FL_FINDING_CONTENTS:
        text_bytes_differ(finding, "was changed while it was live", text, text_bytes);
        break;
    case FL_FINDING_PREFIX_LOST:
        text_bytes_differ(finding, "lost contents it should have kept", text, text_bytes);
        break;
    case FL_FINDING_NOT_ZEROED:
        text_bytes_differ(finding, "is not zeroed", text, text_bytes);
        break;
    case FL_FINDING_USABLE_SMALL:
        snprintf(text, text_bytes, "has %" PRIu64 " usable bytes, expected at least %" PRIu64,
                 finding->found, finding->expected);
        break;
    case FL_FINDING_FREE_REFUSED:
        snprintf(text, text_bytes, "is live, but free found no live block there");
        break;
    case FL_FINDING_INVARIANT:
        snprintf(text, text_bytes, "left a broken heap: %s", finding->detail);
        break;
    case FL_FINDING_NONE:
    case FL_FINDING_HANG:
    case FL_FINDING_CRASH:
    case FL_FINDING_COUNT:
        snprintf(text, text_bytes, "no finding");
        break;
    }
}

void fl_finding_text(const struct fl_finding *finding, char *text, size_t text_bytes)
{
    if (finding->kind == FL_FINDING_CRASH || finding->kind == FL_FINDING_HANG) {
        text_process(finding, text, text_bytes);
        return;
    }
    const size_t used = text_where(finding, text, text_bytes);
    text_what(finding, text + used, text_bytes - used);
}
