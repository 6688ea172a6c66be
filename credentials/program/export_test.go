package program

// UseSlots makes this process behave as one that cannot see its ancestry.
func UseSlots(dir string) { traced, slotsTestDir = false, dir }

// Slots is how many helpers may run at the same time then.
const Slots = slots
