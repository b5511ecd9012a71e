file(REMOVE_RECURSE
  "libverbgate_core.a"
)
