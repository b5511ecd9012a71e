file(REMOVE_RECURSE
  "libverbgate_gateway.a"
)
