/* A server that unloads its plug-in while threads live that ran in it.
 *
 *   host PLUGIN      prints "served" and ends with exit code 0
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static pthread_barrier_t served;
static pthread_barrier_t unloaded;
static void (*serve)(void);

static void* find(void* plugin, const char* name) {
  void* found = dlsym(plugin, name);
  if (found == NULL) fprintf(stderr, "%s\n", dlerror());
  return found;
}

static void* work(void* unused) {
  serve();
  pthread_barrier_wait(&served);
  pthread_barrier_wait(&unloaded);
  return unused; /* the thread ends without the plug-in */
}

/* 1 when the plug-in was loaded, served in two threads, and was unloaded. */
static int round_of(const char* path) {
  pthread_t thread;
  int (*start)(void);
  void* plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  void* found;
  if (plugin == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    return 0;
  }
  found = find(plugin, "plugin_open");
  memcpy(&start, &found, sizeof start);
  found = find(plugin, "plugin_serve");
  memcpy(&serve, &found, sizeof serve);
  if (start == NULL || serve == NULL || !start()) return 0;
  pthread_create(&thread, NULL, work, NULL);
  serve();
  pthread_barrier_wait(&served);
  if (dlclose(plugin) != 0) return 0;
  pthread_barrier_wait(&unloaded);
  pthread_join(thread, NULL);
  return 1;
}

int main(int argc, char** argv) {
  pthread_barrier_init(&served, NULL, 2);
  pthread_barrier_init(&unloaded, NULL, 2);
  /* Twice: the plug-in is loaded again. */
  if (argc != 2 || !round_of(argv[1]) || !round_of(argv[1])) return 1;
  puts("served");
  return 0;
}
