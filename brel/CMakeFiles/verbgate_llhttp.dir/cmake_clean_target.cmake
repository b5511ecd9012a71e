file(REMOVE_RECURSE
  "libverbgate_llhttp.a"
)
