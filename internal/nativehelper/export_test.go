package nativehelper

// UseSlots makes this process behave as if its ancestry were not visible.
func UseSlots(dir string) { testSlots = dir }

// Slots is the maximum number of concurrent helpers in that case.
const Slots = slots
