package e2e

// Podman, Buildah and Skopeo use the same library for passwords. It also runs the helper's get before a login, which
// fails if the helper fails.

func podman() client {
	return client{
		name: "podman", title: "Podman", program: "/usr/bin/podman", allHosts: registriesConf, loginFile: authJSON, getsBeforeLogin: true,
		version: `podman --version | cut -d' ' -f3`,
		build:   `podman build --tag $REF $CONTEXT`,
		push:    `podman push $REF`,
		remove:  `podman rmi --force $REF`,
		pull:    `podman pull $REF`,
		run:     `podman run --rm $REF`,
		login:   `podman login --username AWS --password-stdin $HOST`,
		relogin: `podman login $HOST`,
		logout:  `podman logout $HOST`,
	}
}

func buildah() client {
	return client{
		name: "buildah", title: "Buildah", program: "/usr/bin/buildah", allHosts: registriesConf, loginFile: authJSON, getsBeforeLogin: true,
		version: `buildah --version | cut -d' ' -f3`,
		build:   `buildah build --tag $REF $CONTEXT`,
		push:    `buildah push $REF`,
		remove:  `buildah rmi --force $REF`,
		pull:    `buildah pull $REF`,
		run:     `buildah run --isolation chroot $(buildah from $REF) /hello`,
		login:   `buildah login --username AWS --password-stdin $HOST`,
		relogin: `buildah login $HOST`,
		logout:  `buildah logout $HOST`,
	}
}

func skopeo() client {
	return client{
		name: "skopeo", title: "Skopeo", program: "/usr/bin/skopeo", allHosts: registriesConf, loginFile: authJSON, getsBeforeLogin: true,
		version: `skopeo --version | cut -d' ' -f3`,
		push:    `skopeo copy oci:$LAYOUT docker://$REF`,
		remove:  `rm -rf pulled`,
		pull:    `skopeo copy docker://$REF oci:pulled`,
		login:   `skopeo login --username AWS --password-stdin $HOST`,
		relogin: `skopeo login $HOST`,
		logout:  `skopeo logout $HOST`,
	}
}
