package cache

const noFollow = 0
