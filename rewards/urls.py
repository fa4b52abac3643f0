"""Pages of reward programs."""

from django.urls import path

from rewards import views

app_name = "rewards"
urlpatterns = [
    path("", views.reward_list, name="reward_list"),
    path("new/", views.reward_create, name="reward_create"),
    path("<int:pk>/", views.reward_detail, name="reward_detail"),
    path("<int:pk>/edit/", views.reward_edit, name="reward_edit"),
    path("<int:pk>/entries/", views.entry_create, name="entry_create"),
    path("<int:pk>/delete/", views.reward_delete, name="reward_delete"),
    path("<int:pk>/restore/", views.reward_restore, name="reward_restore"),
]
