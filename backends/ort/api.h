/*
 * ONNX Runtime's C interface without its header: the library hands out a
 * table of functions, to which releases only append, so a function is known
 * by its position and its signature. ORT_SLOTS is the one list of those used;
 * to use another one, add its line there.
 */
#ifndef FM_ORT_API_H
#define FM_ORT_API_H

#include <stddef.h>
#include <stdint.h>

struct fm_err;

struct ort_allocator;
struct ort_binding;
struct ort_env;
struct ort_memory_info;
struct ort_options;
struct ort_run_options;
struct ort_session;
struct ort_shape_info;
struct ort_status; /* NULL is success */
struct ort_type_info;
struct ort_value;

enum {
	/* The first version with what the table below and the settings that
	 * are used need. */
	ORT_API_VERSION = 21,

	ORT_NO_SUCHFILE = 3,
	ORT_NO_MODEL = 4,
	ORT_INVALID_PROTOBUF = 7,
	ORT_NOT_IMPLEMENTED = 9, /* an operator this library lacks */
	ORT_INVALID_GRAPH = 10,

	ORT_ARENA_ALLOCATOR = 1,
	ORT_MEM_DEFAULT = 0,
	ORT_TYPE_TENSOR = 1
};

/* X(position, name, arguments) of functions that return a status. */
#define ORT_SLOTS(X)                                                           \
	X(3, CreateEnv, (int severity, const char *id, struct ort_env **))     \
	X(8, CreateSessionFromArray,                                           \
	    (const struct ort_env *, const void *model, size_t bytes,          \
		const struct ort_options *, struct ort_session **))            \
	X(10, CreateSessionOptions, (struct ort_options **))                   \
	X(11, SetOptimizedModelFilePath,                                       \
	    (struct ort_options *, const char *path))                          \
	X(13, SetSessionExecutionMode, (struct ort_options *, int mode))       \
	X(14, EnableProfiling, (struct ort_options *, const char *prefix))     \
	X(16, EnableMemPattern, (struct ort_options *))                        \
	X(17, DisableMemPattern, (struct ort_options *))                       \
	X(18, EnableCpuMemArena, (struct ort_options *))                       \
	X(19, DisableCpuMemArena, (struct ort_options *))                      \
	X(22, SetSessionLogSeverityLevel,                                      \
	    (struct ort_options *, int severity))                              \
	X(23, SetSessionGraphOptimizationLevel,                                \
	    (struct ort_options *, int level))                                 \
	X(24, SetIntraOpNumThreads, (struct ort_options *, int n))             \
	X(25, SetInterOpNumThreads, (struct ort_options *, int n))             \
	X(30, SessionGetInputCount, (const struct ort_session *, size_t *))    \
	X(31, SessionGetOutputCount, (const struct ort_session *, size_t *))   \
	X(33, SessionGetInputTypeInfo,                                         \
	    (const struct ort_session *, size_t, struct ort_type_info **))     \
	X(34, SessionGetOutputTypeInfo,                                        \
	    (const struct ort_session *, size_t, struct ort_type_info **))     \
	X(37, SessionGetOutputName,                                            \
	    (const struct ort_session *, size_t, struct ort_allocator *,       \
		char **))                                                      \
	X(49, CreateTensorWithDataAsOrtValue,                                  \
	    (const struct ort_memory_info *, void *data, size_t bytes,         \
		const int64_t *dims, size_t rank, int type,                    \
		struct ort_value **))                                          \
	X(51, GetTensorMutableData, (struct ort_value *, void **))             \
	X(55, CastTypeInfoToTensorInfo,                                        \
	    (const struct ort_type_info *, const struct ort_shape_info **))    \
	X(60, GetTensorElementType, (const struct ort_shape_info *, int *))    \
	X(61, GetDimensionsCount, (const struct ort_shape_info *, size_t *))   \
	X(62, GetDimensions,                                                   \
	    (const struct ort_shape_info *, int64_t *dims, size_t rank))       \
	X(63, GetSymbolicDimensions,                                           \
	    (const struct ort_shape_info *, const char **names, size_t rank))  \
	X(65, GetTensorTypeAndShape,                                           \
	    (const struct ort_value *, struct ort_shape_info **))              \
	X(67, GetValueType, (const struct ort_value *, int *))                 \
	X(69, CreateCpuMemoryInfo,                                             \
	    (int allocator, int mem_type, struct ort_memory_info **))          \
	X(76, AllocatorFree, (struct ort_allocator *, void *))                 \
	X(78, GetAllocatorWithDefaultOptions, (struct ort_allocator **))       \
	X(110, SessionEndProfiling,                                            \
	    (struct ort_session *, struct ort_allocator *, char **path))       \
	X(125, GetAvailableProviders, (char ***names, int *n))                 \
	X(126, ReleaseAvailableProviders, (char **names, int n))               \
	X(130, AddSessionConfigEntry,                                          \
	    (struct ort_options *, const char *key, const char *value))        \
	X(133, RunWithBinding,                                                 \
	    (struct ort_session *, const struct ort_run_options *,             \
		const struct ort_binding *))                                   \
	X(134, CreateIoBinding, (struct ort_session *, struct ort_binding **)) \
	X(136, BindInput,                                                      \
	    (struct ort_binding *, const char *name,                           \
		const struct ort_value *))                                     \
	X(138, BindOutputToDevice,                                             \
	    (struct ort_binding *, const char *name,                           \
		const struct ort_memory_info *))                               \
	X(140, GetBoundOutputValues,                                           \
	    (const struct ort_binding *, struct ort_allocator *,               \
		struct ort_value ***, size_t *n))                              \
	X(202, SynchronizeBoundInputs, (struct ort_binding *))                 \
	X(203, SynchronizeBoundOutputs, (struct ort_binding *))                \
	X(216, SessionOptionsAppendExecutionProvider,                          \
	    (struct ort_options *, const char *name, const char *const *keys,  \
		const char *const *values, size_t n))

/* X(position, name, argument type) of functions that release. */
#define ORT_RELEASES(X)                                                        \
	X(92, ReleaseEnv, ort_env)                                             \
	X(93, ReleaseStatus, ort_status)                                       \
	X(94, ReleaseMemoryInfo, ort_memory_info)                              \
	X(95, ReleaseSession, ort_session)                                     \
	X(96, ReleaseValue, ort_value)                                         \
	X(98, ReleaseTypeInfo, ort_type_info)                                  \
	X(99, ReleaseTensorTypeAndShapeInfo, ort_shape_info)                   \
	X(100, ReleaseSessionOptions, ort_options)                             \
	X(135, ReleaseIoBinding, ort_binding)

struct ort_api {
/* Arguments and types cannot stand in parentheses.
 * NOLINTBEGIN(bugprone-macro-parentheses) */
#define ORT_MEMBER(at, name, args) struct ort_status *(*name)args;
	ORT_SLOTS(ORT_MEMBER)
#undef ORT_MEMBER
#define ORT_MEMBER(at, name, type) void (*name)(struct type *);
	ORT_RELEASES(ORT_MEMBER)
#undef ORT_MEMBER
	/* NOLINTEND(bugprone-macro-parentheses) */
	int (*GetErrorCode)(const struct ort_status *);
	const char *(*GetErrorMessage)(const struct ort_status *);

	const void *const *slots; /* the library's table */
	const char *version;      /* "1.31.1" */
	char *path;               /* of the library, as far as it is known */
};

/*
 * Loads the library `path`, or without one that beside this executable or
 * the one that the system's loader finds. Fills `api`; the library stays
 * loaded, ort_api_release() frees what else there is.
 */
int ort_api_load(struct ort_api *api, const char *path, struct fm_err *err);
void ort_api_release(struct ort_api *api);

/*
 * The function at a position, for those that have the same signature in
 * several places of the table; `to` is a pointer to a function pointer.
 */
void ort_api_slot(const struct ort_api *api, size_t at, void *to);

/*
 * Turns a status into an error and releases it: 0 for success. `what` was
 * being done.
 */
int ort_api_check(const struct ort_api *api, struct ort_status *status,
    const char *what, struct fm_err *err);

#endif
