/* The layout that a program compiled with headrace.h of ABI 0 relies on, on 64-bit machines. A line
 * that fails here is a break: see docs/abi.md. Compiled by test_abi.py. */
#include <stddef.h>

#include <headrace/headrace.h>

#define SAME(what, number) _Static_assert((what) == (number), #what)

SAME(sizeof(void*), 8);

SAME(sizeof(headrace_id), 16);
SAME(_Alignof(headrace_id), 1);

SAME(sizeof(headrace_value), 24);
SAME(_Alignof(headrace_value), 8);
SAME(offsetof(headrace_value, name), 0);
SAME(offsetof(headrace_value, type), 4);
SAME(offsetof(headrace_value, data), 8);
SAME(offsetof(headrace_value, size), 16);

SAME(HEADRACE_ID_TEXT_BYTES, 37);
SAME(HEADRACE_PARENT_TEXT_BYTES, 74);

SAME(sizeof(headrace_status), 4);
SAME(HEADRACE_FINISHED, 2);
SAME(HEADRACE_FAILED, 3);
SAME(HEADRACE_CANCELLED, 4);

SAME(sizeof(headrace_role), 4);
SAME(HEADRACE_USED, 0);
SAME(HEADRACE_GENERATED, 1);
SAME(HEADRACE_TAG, 2);
SAME(HEADRACE_ERROR, 3);
SAME(HEADRACE_ATTRIBUTE, 4);

SAME(sizeof(headrace_type), 4);
SAME(HEADRACE_NULL, 0);
SAME(HEADRACE_BOOL, 1);
SAME(HEADRACE_INT, 2);
SAME(HEADRACE_FLOAT, 3);
SAME(HEADRACE_STRING, 4);
SAME(HEADRACE_BYTES, 5);
SAME(HEADRACE_TIME, 7);
SAME(HEADRACE_OBJECT, 8);
SAME(HEADRACE_INT_LIST, 64);
SAME(HEADRACE_FLOAT_LIST, 65);
SAME(HEADRACE_UINT, 66);
