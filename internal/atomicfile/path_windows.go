package atomicfile

import "os"

const nonBlocking = 0

// split divides an absolute path after the volume: C:\, \\SERVER\SHARE\ or, with long paths, \\?\C:\.
func split(path string) (top, rest string, ok bool) {
	slash := func(i int) bool { return i < len(path) && os.IsPathSeparator(path[i]) }
	if len(path) > 2 && path[1] == ':' && slash(2) {
		return path[:2] + separator, path[3:], true
	}
	if !slash(0) || !slash(1) {
		return "", "", false
	}
	end := 2
	for range 2 { // names
		for end < len(path) && !slash(end) {
			end++
		}
		end++
	}
	if end > len(path) {
		return path + separator, "", true
	}
	return path[:end], path[end:], true
}
